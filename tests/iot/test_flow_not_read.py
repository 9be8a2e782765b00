"""Records and journals that cannot be read for a while: nothing is reported on a guess, and the job ends well."""

import pytest

from fota import machine
from fota.errors import StorageFailed
from tests.labs.device_lab import FACTORY, DeviceLab

NEW = b"new image"


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "sleep_ms", lambda _: None)


def turn(lab: DeviceLab, *, unreadable: bool, what: str = "record and journal") -> None:
    for name, cells in (("record", lab.record_cells), ("journal", lab.journal_cells)):
        for cell in cells:
            cell.refuses_reads = unreadable and name in what


places = pytest.mark.parametrize("what", ["record", "journal", "record and journal"])


@places
def test_in_a_trial_nothing_is_reported_until_it_can_be_read(lab: DeviceLab, what: str) -> None:
    lab.publish(NEW)
    lab.wake()
    assert lab.running_image == NEW
    turn(lab, unreadable=True, what=what)
    lab.live(600)
    assert (lab.status(), lab.running_image, lab.boots) == ("IN_PROGRESS", NEW, 1)
    turn(lab, unreadable=False)
    lab.live(600)
    assert (lab.statuses(), lab.confirmed_image) == (["QUEUED", "IN_PROGRESS", "SUCCEEDED"], NEW)


@places
def test_a_rollback_is_told_when_it_can_be_read(lab: DeviceLab, what: str) -> None:
    lab.publish(NEW)
    lab.wake()
    lab.reboot("hung")
    turn(lab, unreadable=True, what=what)
    lab.live(600)
    assert (lab.status(), lab.running_image) == ("IN_PROGRESS", FACTORY)
    turn(lab, unreadable=False)
    lab.live(600)
    assert (lab.statuses(), lab.reason()) == (["QUEUED", "IN_PROGRESS", "FAILED"], "rolled-back")


@pytest.mark.parametrize("guess", [0, 1])
def test_a_boot_by_guess_is_put_right_when_the_record_can_be_read(
    lab: DeviceLab, monkeypatch: pytest.MonkeyPatch, guess: int
) -> None:
    lab.update_to(NEW)
    turn(lab, unreadable=True)
    with monkeypatch.context() as deciding:
        deciding.setattr(machine, "random_fraction", lambda: guess / 2)
        lab.reboot()
    assert lab.running_image == (FACTORY, NEW)[guess]
    lab.publish(b"the next", "later")
    lab.live(600)
    assert (lab.status("later"), lab.running_image) == ("IN_PROGRESS", (FACTORY, NEW)[guess])
    assert (lab.details("later")["step"], lab.reason("later")) == ("storage", "storage-failed")
    turn(lab, unreadable=False)
    lab.live(600)
    assert (lab.status("job-1"), lab.status("later"), lab.confirmed_image) == ("SUCCEEDED", "SUCCEEDED", b"the next")


def test_an_unreadable_record_in_the_middle_of_an_update_refuses_nothing(lab: DeviceLab) -> None:
    turn(lab, unreadable=True)
    lab.publish(NEW)
    lab.live(600)
    assert (lab.status(), lab.boots) == ("IN_PROGRESS", 0)
    turn(lab, unreadable=False)
    lab.live(600)
    assert lab.status() == "SUCCEEDED"


@places
def test_the_job_says_once_in_a_boot_that_the_storage_cannot_be_read(lab: DeviceLab, what: str) -> None:
    lab.publish(NEW)
    lab.service.create("foreign", {"operation": "reboot-the-modem"})
    turn(lab, unreadable=True, what=what)
    lab.live(60)
    told = lab.service.execution("job-1")
    assert (lab.status(), lab.reason(), lab.status("foreign")) == ("IN_PROGRESS", "storage-failed", "QUEUED")
    version = told.version
    lab.live(3600)
    assert lab.service.execution("job-1").version == version
    lab.reboot()
    lab.live(60)
    assert lab.service.execution("job-1").version == version + 1


def test_the_seal_of_the_running_image_decides_nothing_while_it_cannot_be_read(
    lab: DeviceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.publish(NEW)
    lab.wake()
    with monkeypatch.context() as failing:
        failing.setattr(lab.slots, "seal_of", refuse)
        lab.live(600)
        assert lab.status() == "IN_PROGRESS"
    lab.live(600)
    assert lab.status() == "SUCCEEDED"


@pytest.mark.parametrize("part", ["admit", "knows_bad"])
def test_a_job_says_that_what_is_asked_for_it_cannot_be_read(
    lab: DeviceLab, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    lab.publish(NEW)
    with monkeypatch.context() as failing:
        failing.setattr(lab.device, part, refuse)
        lab.live(600)
        assert (lab.status(), lab.details()["step"], lab.reason()) == ("IN_PROGRESS", "storage", "storage-failed")
        version = lab.service.execution("job-1").version
        lab.live(3600)
        assert lab.service.execution("job-1").version == version
    lab.live(3600)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", NEW)


def refuse(*_: object) -> None:
    raise StorageFailed("it cannot be read now")
