"""Homes of boards under real MicroPython, with a real AWS server: the old images run, report, and are replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest
from home_afterwards import HOME
from make_homes import kept

from fota.boards.files import FilesBoard
from fota_operator.images.image import image_from
from fota_operator.jobs.cancel import cancel_job
from fota_operator.jobs.create_job import NewJob, create_named_job
from fota_operator.local.aws import LocalAws
from tests.homes.make_board_homes import BallastLab
from tests.labs.board import compile_library
from tests.labs.interpreter import only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]

MakeLab = Callable[[str], BallastLab]


@pytest.fixture
def make_lab(local_aws: LocalAws, tmp_path: Path) -> MakeLab:
    """A board with the key of its thing, and for the rest the home that was kept."""

    def make(name: str) -> BallastLab:
        lab = BallastLab(local_aws, tmp_path, compile_library(tmp_path / "library"))
        for path in lab.home.iterdir():
            if path.is_file() and path.name != "ca.pem":
                path.unlink()
        for member, content in kept(name).items():
            if member.startswith(HOME):
                (lab.home / member[len(HOME) :]).write_bytes(content)
        return lab

    return make


def restore_job(lab: BallastLab, name: str) -> str:
    """Create the job that the journal names, anew; its id."""
    entry = FilesBoard(str(lab.home)).journal.load()
    assert entry is not None
    # The same job with an id of its own: that uploads the image, and makes the document.
    model = lab.start(image_from(kept(name)["image"], version="2"))
    cancel_job(lab.cloud, model.job_id)
    thing = f"arn:aws:iot:{lab.cloud.region}:{lab.cloud.account_id}:thing/{lab.thing}"
    role = f"arn:aws:iam::{lab.cloud.account_id}:role/{lab.local.role}"
    job = NewJob(
        entry.job_id, (thing,), model.document, "as before", presigned={"roleArn": role, "expiresInSec": 3600}
    )
    create_named_job(lab.cloud, job)
    return entry.job_id


def test_a_board_that_was_updated_runs_its_image_and_is_updated_again(make_lab: MakeLab) -> None:
    lab = make_lab("board-confirmed")
    with lab.board() as board:
        board.wait_for("firmware 2 is connected")
        ended = lab.end_of(lab.start(lab.image("3")))
        board.wait_for("firmware 3 is connected")
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "0"})


def test_a_board_that_awaits_its_trial_confirms_it_and_is_updated_again(make_lab: MakeLab) -> None:
    lab = make_lab("board-awaiting-trial")
    job = restore_job(lab, "board-awaiting-trial")
    with lab.board() as board:
        board.wait_for("firmware 2 is connected")
        ended = lab.end_of(job)
        again = lab.end_of(lab.start(lab.image("3")))
        board.wait_for("firmware 3 is connected")
        assert not board.said("firmware 1")
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})
    assert (again.status, again.details) == ("SUCCEEDED", {"slot": "0"})


def test_a_board_whose_download_was_half_done_goes_on_there(make_lab: MakeLab) -> None:
    lab = make_lab("board-half-done")
    proven_bytes = lab.proven_bytes()
    job = restore_job(lab, "board-half-done")
    with lab.board() as board:
        board.wait_for("firmware 2 is connected")
        ended = lab.end_of(job)
        again = lab.end_of(lab.start(lab.image("3")))
        board.wait_for("firmware 3 is connected")
    assert proven_bytes > 0
    assert f"offset_bytes={proven_bytes} " in board.said("download-started")[0]
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})
    assert (again.status, again.details) == ("SUCCEEDED", {"slot": "0"})
