"""A board says in its shadow what it runs, and corrects that after a rollback: MicroPython, a real AWS server."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from fota_operator.local.aws import LocalAws
from tests.labs.board_lab import CRASHES, BoardLab
from tests.labs.interpreter import only_where_it_runs
from tests.labs.reported_state import reported

pytestmark = [pytest.mark.e2e, only_where_it_runs]

WITHIN_S = 30


def told(local: LocalAws, lab: BoardLab, **expected: object) -> dict[str, Any]:
    """The state, once it is as expected. *Raises* AssertionError."""
    until_s = time.monotonic() + WITHIN_S
    while True:
        state = reported(local, lab.thing)
        if expected.items() <= state.items():
            return state
        assert time.monotonic() < until_s, state
        time.sleep(0.2)


def test_a_board_says_what_it_runs_and_corrects_it_after_a_rollback(
    local_aws: LocalAws, make_lab: Callable[..., BoardLab]
) -> None:
    lab = make_lab(is_signed=True)
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        factory = told(local_aws, lab, slot=0, state="confirmed")
        good = lab.release(lab.image("2"), "maker", seq=2)
        lab.end_of(lab.start(lab.image("2"), good))
        second = told(local_aws, lab, slot=1, state="confirmed", version="2", seq=2)
        bad = lab.image("3", CRASHES)
        job = lab.start(bad, lab.release(bad, "maker", seq=3))
        lab.end_of(job)
        third = told(
            local_aws,
            lab,
            slot=1,
            last_failure={
                "job": job.job_id,
                "reason": "rolled-back",
                "cause": "crashed",
                "version": "3",
                "sha256": bad.sha256,
            },
        )
    assert factory["interpreter"].startswith("micropython 1.")
    assert (factory["board"], factory["platform"]) == ("files", "linux")
    assert factory["free_bytes"] > 0
    assert second["product"] == good.manifest.product
    assert (third["version"], third["seq"], third["state"]) == ("2", 2, "confirmed")
