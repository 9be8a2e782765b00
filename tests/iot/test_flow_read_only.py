"""A disk that turns read-only while a trial is due or runs: the good image runs on, and the cloud knows why."""

import pytest

from tests.labs.device_lab import FACTORY, DeviceLab

NEW = b"new image"


def turn(lab: DeviceLab, *, read_only: bool) -> None:
    for cell in lab.record_cells + lab.journal_cells:
        cell.broken = read_only


@pytest.fixture
def due(lab: DeviceLab) -> DeviceLab:
    """The trial is due, and from now on nothing can be written."""
    lab.publish(NEW)
    lab.wake(auto_reset=False)
    turn(lab, read_only=True)
    lab.reboot()
    assert lab.running_image == FACTORY
    return lab


def test_the_old_image_runs_on_without_a_restart(due: DeviceLab) -> None:
    boots = due.boots
    due.wake()
    due.live(3600)
    assert (due.boots, due.running_image) == (boots, FACTORY)


def test_the_job_says_what_it_waits_for(due: DeviceLab) -> None:
    due.wake()
    assert due.status() == "IN_PROGRESS"
    assert (due.details()["step"], due.reason()) == ("restart", "storage-failed")


def test_it_is_told_once_in_a_boot(due: DeviceLab) -> None:
    due.wake()
    version = due.service.execution("job-1").version
    due.live(3600)
    assert due.service.execution("job-1").version == version


def test_when_the_disk_is_well_again_the_trial_begins_and_the_job_succeeds(due: DeviceLab) -> None:
    due.wake()
    turn(due, read_only=False)
    due.live(3600)
    assert (due.status(), due.confirmed_image) == ("SUCCEEDED", NEW)


def test_a_trial_that_cannot_be_confirmed_ends_with_the_old_image_and_no_loop(lab: DeviceLab) -> None:
    lab.publish(NEW)
    lab.wake()
    turn(lab, read_only=True)
    lab.wake()
    assert lab.running_image == NEW
    lab.reboot("hung")
    boots = lab.boots
    lab.live(3600)
    assert (lab.boots, lab.running_image, lab.status()) == (boots, FACTORY, "IN_PROGRESS")
    turn(lab, read_only=False)
    lab.live(3600)
    assert (lab.status(), lab.reason()) == ("FAILED", "rolled-back")
