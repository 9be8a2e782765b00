"""Plays cells in several processes. Each cell has a bounded real time too: one that passes it is a hang."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

from sweeps.faults import cell, playing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SECONDS_A_CELL = 60


class TooLong(Exception):
    """A cell takes more real time than it may."""


def played(cells: list[cell.Cell], seed: int, workers: int) -> Iterator[cell.Result]:
    """The results, in the order of the cells."""
    if workers == 1:
        for one in cells:
            yield _play((str(one), seed))
        return
    context = multiprocessing.get_context("fork")
    with context.Pool(workers) as pool:
        yield from pool.imap(_play, [(str(one), seed) for one in cells], chunksize=16)


def _play(task: tuple[str, int]) -> cell.Result:
    text, seed = task
    (one,) = [found for found in cell.named(text) if str(found) == text]
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS_A_CELL)
    try:
        result = playing.play(one, seed)
    except TooLong:
        result = cell.Result(text, hang=f"no end within {SECONDS_A_CELL} s of real time")
    finally:
        signal.alarm(0)
    if "FAULTS_KEEP_LOGS" not in os.environ:
        result.log = []
    return result


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TooLong
