"""Whole updates of a board that has the library as one module."""

from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from tests.labs.board_lab import CRASHES, BoardLab
from tests.labs.interpreter import only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]


@pytest.fixture
def lab(local_aws: LocalAws, bundle: Path, tmp_path: Path) -> BoardLab:
    return BoardLab(local_aws, tmp_path, bundle, is_signed=True)


def test_a_signed_update_with_a_bundle_runs_and_is_confirmed(lab: BoardLab) -> None:
    image = lab.image("2")
    job = lab.start(image, lab.release(image, "maker"))
    with lab.board() as board:
        assert lab.end_of(job).status == "SUCCEEDED"
        board.wait_for("firmware 2 is connected")


def test_an_image_that_crashes_is_rolled_back_with_a_bundle(lab: BoardLab) -> None:
    image = lab.image("2", CRASHES)
    job = lab.start(image, lab.release(image, "maker"))
    with lab.board():
        end = lab.end_of(job)
    assert (end.status, end.details["cause"]) == ("FAILED", "crashed")


def test_with_a_bundle_an_image_by_another_key_is_refused(lab: BoardLab) -> None:
    image = lab.image("2")
    job = lab.start(image, lab.release(image, "stranger"), lab.keyring_of("stranger"))
    with lab.board():
        end = lab.end_of(job)
    assert (end.status, end.reason) == ("REJECTED", "unknown-key")
