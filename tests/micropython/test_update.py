"""Updates of a board that is MicroPython, from the operator's command to the job's end, against a real AWS server."""

import pytest

from fota_operator.images.image import image_from
from sweeps.seeding.verbs import after
from tests.labs.board_lab import CRASHES, HANGS, BoardLab
from tests.labs.interpreter import only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]

CRASHES_AND_BREAKS_THE_STORAGE = (
    after(
        "import json",
        """
from fota.errors import StorageFailed
from fota.storage import FileCell

def write(cell, content):
    raise StorageFailed("broken")

FileCell.write = write
raise ValueError("a bad release")
""",
    ),
)


def test_an_update_is_confirmed_and_is_what_starts_afterwards(lab: BoardLab) -> None:
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2")))
    with lab.board() as again:
        again.wait_for("firmware 2 is connected")
        assert not again.said("firmware 1")
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})


def test_two_updates_in_a_row_use_the_slots_in_turn(lab: BoardLab) -> None:
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        first = lab.end_of(lab.start(lab.image("2")))
        second = lab.end_of(lab.start(lab.image("3")))
        board.wait_for("firmware 3 is connected")
    assert (first.details["slot"], second.details["slot"]) == ("1", "0")
    assert second.status == "SUCCEEDED"


def test_an_image_that_crashes_when_it_is_imported_is_rolled_back(lab: BoardLab) -> None:
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2", CRASHES)))
        assert board.said("a bad release")
        assert len(board.said("firmware 1 is connected")) == 2
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "crashed")


def test_an_image_that_cannot_be_mounted_is_rolled_back(lab: BoardLab) -> None:
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image_from(b"no file system" * 1000, version="2")))
        assert len(board.said("firmware 1 is connected")) == 2
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "crashed")


def test_an_image_is_rolled_back_even_where_its_crash_cannot_be_put_on_record(lab: BoardLab) -> None:
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2", CRASHES_AND_BREAKS_THE_STORAGE)))
        assert len(board.said("record-not-saved")) == 1
        assert len(board.said("firmware 1 is connected")) == 2
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "not-confirmed")


def test_an_image_that_hangs_is_ended_by_the_watchdog_and_rolled_back(lab: BoardLab) -> None:
    with lab.board(deadline_s=2) as board:
        board.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2", HANGS)))
        assert len(board.said("the watchdog bites")) == 1
        assert len(board.said("firmware 1 is connected")) == 2
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "not-confirmed")


def test_a_damaged_object_fails_its_job_without_a_restart(lab: BoardLab) -> None:
    image = lab.image("damaged-object")
    job = lab.start(image)
    lab.damage(job, image)
    with lab.board() as board:
        ended = lab.end_of(job)
        assert (board.boots, len(board.said("firmware 1 is connected"))) == (1, 1)
    assert (ended.status, ended.reason) == ("FAILED", "hash-mismatch")


def test_an_image_that_was_rolled_back_is_not_tried_again(lab: BoardLab) -> None:
    image = lab.image("2", CRASHES)
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        first = lab.end_of(lab.start(image))
        boots = board.boots
        second = lab.end_of(lab.start(image))
        assert board.boots == boots
    assert (first.status, first.reason) == ("FAILED", "rolled-back")
    assert (second.status, second.reason) == ("REJECTED", "known-bad")
