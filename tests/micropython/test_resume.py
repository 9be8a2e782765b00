"""Power cut in mid-download: the board goes on where it was, and the job succeeds."""

import re
from collections.abc import Callable

import pytest

from sweeps.seeding.verbs import before, replace
from tests.labs.board import Board
from tests.labs.board_lab import BoardLab
from tests.labs.interpreter import only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]

BALLAST_BYTES = 2 << 20
STOPS_AT_BYTES = 3 << 19

STOPS = (
    before(
        "_.mqtt.connect(timeout_ms=_)",
        f"""
import os
from fota.progress import Progress

class Stops(Progress):
    # A link of some MiB a second; and this process stands still once, so that its power can be cut there.
    def downloading(self, done_bytes, total_bytes):
        machine.sleep_ms(10)
        if done_bytes >= {STOPS_AT_BYTES} and "has-stopped" not in os.listdir(folder):
            open(folder + "has-stopped", "w").close()
            print("stands still")
            while True:
                machine.sleep_ms(1000)
""",
    ),
    replace("_1.handle_fota_jobs(_2)", "_1.handle_fota_jobs(_2, progress=Stops())"),
    replace("_1.handle_fota_jobs(_2, force=_3)", "_1.handle_fota_jobs(_2, force=_3, progress=Stops())"),
)


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
