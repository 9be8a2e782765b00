"""The fuzz in several processes. Each takes the next few documents, and their findings are added up."""

from __future__ import annotations

import gc
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sweeps.fuzz import differential
from sweeps.fuzz.check import Checker, Tally
from sweeps.fuzz.differential import Compared
from sweeps.fuzz.patches import compared as patched
from sweeps.fuzz.patches.compared import PatchTally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Result = TypeVar("Result")

TOLD_EVERY = 100_000
_AT_ONCE, _COMPARED_AT_ONCE, _PATCHES_AT_ONCE = 2_000, 2_500, 10_000
_COLLECT_AFTER = 100_000
"""Allocations between two looks for garbage: the fuzz makes little that refers to itself."""


@dataclass(frozen=True)
class Order:
    """Some documents, or some patches."""

    seed: int
    first: int
    end: int
    deadline_s: float
    asks_micropython: bool = True


def fuzz(
    documents: int, *, seed: int, workers: int, deadline_s: float, told: Callable[[Tally], None] = lambda _tally: None
) -> Tally:
    """Check a number of documents; `told` is called with the result so far from time to time."""
    tally = Tally()
    for one in _done(_check, _orders(documents, _AT_ONCE, seed, deadline_s), workers):
        tally.add(one)
        if tally.documents % TOLD_EVERY == 0:
            told(tally)
    return tally


def compare(texts: int, *, seed: int, workers: int) -> Compared:
    """Compare the verdicts on a number of the same texts."""
    compared = Compared()
    for one in _done(_compare, _orders(texts, _COMPARED_AT_ONCE, seed, differential.TIMEOUT_S), workers):
        compared.add(one)
    return compared


def patches(
    count: int,
    *,
    seed: int,
    workers: int,
    deadline_s: float,
    asks_micropython: bool = True,
    told: Callable[[PatchTally], None] = lambda _tally: None,
) -> PatchTally:
    """What becomes of a number of changed patches, on both interpreters or on CPython alone; `told` as in `fuzz`."""
    tally = PatchTally()
    orders = _orders(count, _PATCHES_AT_ONCE, seed, deadline_s, asks_micropython=asks_micropython)
    for one in _done(_patches, orders, workers):
        tally.add(one)
        if tally.patches % TOLD_EVERY == 0:
            told(tally)
    return tally


def _done(work: Callable[[Order], Result], orders: Iterator[Order], workers: int) -> Iterator[Result]:
    # Spawned: a fork of a process with threads may never run.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, orders)


def _orders(
    count: int, at_once: int, seed: int, deadline_s: float, *, asks_micropython: bool = True
) -> Iterator[Order]:
    for first in range(0, count, at_once):
        yield Order(seed, first, min(first + at_once, count), deadline_s, asks_micropython)


def _check(order: Order) -> Tally:
    gc.set_threshold(_COLLECT_AFTER, 50, 50)
    checker = Checker(order.seed, deadline_s=order.deadline_s)
    checker.check(range(order.first, order.end))
    return checker.tally


def _compare(order: Order) -> Compared:
    return differential.compare(order.seed, range(order.first, order.end), timeout_s=order.deadline_s)


def _patches(order: Order) -> PatchTally:
    gc.set_threshold(_COLLECT_AFTER, 50, 50)
    numbers = range(order.first, order.end)
    return patched.compare(order.seed, numbers, deadline_s=order.deadline_s, asks_micropython=order.asks_micropython)
