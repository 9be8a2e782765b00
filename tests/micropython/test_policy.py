"""The board of examples/policy: it waits for its button, and fetches a large image in pieces."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.seeding.verbs import patched, replace
from tests.labs.board import ROOT, Board
from tests.labs.board_lab import BoardLab
from tests.labs.interpreter import only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]

EXAMPLE = ROOT / "examples/policy/board"
PATIENCE_S = 60.0


@pytest.fixture
def lab(make_lab: Callable[..., BoardLab], tmp_path: Path) -> BoardLab:
    """Its button is a file, and it is always night."""
    always = replace('Window("01:00", "05:00", offset_minutes=60)', 'Window("00:00", "00:00", offset_minutes=0)')
    button = f"'button' in __import__('os').listdir({str(tmp_path)!r})"
    decide = patched((EXAMPLE / "decide.py").read_text(), [always, replace("True", button)])
    return make_lab(program=EXAMPLE / "main.py", modules={"decide.py": decide})


def until(lab: BoardLab, job_id: str, board: Board, **facts: str) -> None:
    """Wait until the details of the job hold these facts."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        described = lab.cloud.iot.describe_job_execution(jobId=job_id, thingName=lab.thing)["execution"]
        details = described.get("statusDetails", {}).get("detailsMap", {})
        if facts.items() <= details.items():
            return
        assert time.monotonic() < deadline_s, f"{details}:\n" + "\n".join(board.lines[-20:])
        time.sleep(0.1)


def test_an_image_that_is_installed_waits_for_the_button(lab: BoardLab, tmp_path: Path) -> None:
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        job = lab.start(lab.image("2"))
        until(lab, job.job_id, board, step="deferred", moment="restart", reason="press-the-button")
        assert board.boots == 1
        (tmp_path / "button").touch()
        ended = lab.end_of(job)
        board.wait_for("firmware 2 is connected")
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})


def test_an_image_that_is_larger_than_the_budget_of_the_day_is_begun_and_goes_on_another_day(lab: BoardLab) -> None:
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        job = lab.start(lab.image("2", ballast_bytes=400_000))
        until(lab, job.job_id, board, step="deferred", moment="download", reason="paused")
        assert board.boots == 1
