"""Power cut in mid-download: the board goes on where it was, and the job succeeds."""

import re
from collections.abc import Callable

import pytest

from tests.labs.board import Board
from tests.labs.board_lab import BoardLab
from tests.labs.interpreter import only_where_it_runs
from tests.labs.stopping import stops_once

pytestmark = [pytest.mark.e2e, only_where_it_runs]

BALLAST_BYTES = 2 << 20
STOPS_AT_BYTES = 3 << 19

# A link of some MiB a second.
STOPS = stops_once("downloading", STOPS_AT_BYTES, each_lasts_ms=10)


def offsets(board: Board) -> list[int]:
    """Where each download of the board began."""
    found = [re.search(r"offset_bytes=(\d+)", line) for line in board.said("download-started")]
    return [int(match.group(1)) for match in found if match]


def test_a_board_whose_power_is_cut_in_mid_download_goes_on_there(make_lab: Callable[..., BoardLab]) -> None:
    lab = make_lab(factory_patches=STOPS)
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        job = lab.start(lab.image("2", ballast_bytes=BALLAST_BYTES))
        board.wait_for("stands still")
        proven_bytes = lab.proven_bytes()
        board.cut_power()
        board.wait_for("firmware 2 is connected")
        ended = lab.end_of(job)
    assert ended.status == "SUCCEEDED"
    assert proven_bytes > 0
    assert offsets(board) == [0, proven_bytes]
