"""Claiming a job: although somebody else changed it, not when it is over, and again after a power cut."""

import pytest

from fota_testing.jobs import faults
from tests.labs.device_lab import FACTORY, JOB, DeviceLab

IMAGE = b"new image" * 50


def test_a_job_changed_by_somebody_else_meanwhile_is_still_claimed(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.service.expect("update", faults.rejected("VersionMismatch"), status="IN_PROGRESS", times=2)
    lab.wake()
    assert lab.running_image == IMAGE


def test_a_claim_that_is_refused_again_and_again_is_put_off(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.service.expect("update", faults.rejected("VersionMismatch"), times=3)
    assert lab.wake() is False
    assert lab.server.asked == []
    lab.live()
    assert lab.status() == "SUCCEEDED"


@pytest.mark.parametrize("code", ["InvalidStateTransition", "TerminalStateReached", "ResourceNotFound"])
def test_a_job_that_is_over_when_claimed_is_let_go(lab: DeviceLab, code: str) -> None:
    lab.publish(IMAGE)
    lab.service.expect("update", faults.rejected(code))
    assert lab.wake() is False
    assert (lab.server.asked, lab.erases, lab.boots) == ([], 0, 0)
    assert lab.is_settled


def test_a_claim_names_what_is_being_done(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    assert lab.service.execution(JOB).history[1] == ("IN_PROGRESS", {"step": "download"})


def test_a_job_taken_up_again_after_a_power_cut_succeeds(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.slots.cut_after(100)
    lab.wake()
    assert (lab.running_image, lab.statuses()) == (FACTORY, ["QUEUED", "IN_PROGRESS"])
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_a_job_cancelled_while_the_device_was_off_is_let_go(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.slots.cut_after(100)
    lab.wake()
    lab.cancel()
    lab.live()
    assert lab.running_image == FACTORY
    assert lab.status() == "CANCELED"
    assert len(lab.server.asked) == 1
