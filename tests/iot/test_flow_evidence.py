"""What makes an image known to be bad: evidence against it, not trouble of the world; and what the job is told."""

import pytest

from fota.boot_note import BootNote
from fota_testing.flash.cells import MemoryCell
from tests.labs.device_lab import FACTORY, DeviceLab

IMAGE = b"new image"


def roll_back(lab: DeviceLab, cause: str, job: str) -> None:
    lab.publish(IMAGE, job)
    lab.wake()
    lab.reboot(cause)
    lab.live(60)
    assert (lab.running_image, lab.details(job)["cause"]) == (FACTORY, cause)


@pytest.mark.parametrize("cause", ["crashed", "hung", "deadline"])
def test_evidence_against_an_image_makes_it_known_to_be_bad(lab: DeviceLab, cause: str) -> None:
    roll_back(lab, cause, "job-1")
    lab.publish(IMAGE, "job-2")
    lab.live(60)
    assert lab.reason("job-2") == "known-bad"


@pytest.mark.parametrize("cause", ["offline", "not-started", "image-damaged", "wrong-runtime"])
def test_trouble_of_the_world_never_does(lab: DeviceLab, cause: str) -> None:
    for number in range(4):
        roll_back(lab, cause, f"job-{number}")
        # After so many that failed, an update waits; see `fota.pace`.
        lab.live(300)
    lab.publish(IMAGE, "job-last")
    lab.live(60)
    assert lab.status("job-last") == "SUCCEEDED"


def test_a_reset_in_the_trial_is_evidence_at_the_third_time_for_the_same_image(lab: DeviceLab) -> None:
    roll_back(lab, "not-confirmed", "job-1")
    roll_back(lab, "not-confirmed", "job-2")
    lab.publish(b"another image", "another")
    lab.wake()
    lab.reboot()
    lab.live(60)
    roll_back(lab, "not-confirmed", "job-3")
    lab.publish(IMAGE, "job-4")
    lab.live(60)
    assert lab.reason("job-4") == "known-bad"


def test_the_job_is_told_how_the_image_ended(lab: DeviceLab) -> None:
    note = BootNote(MemoryCell(), MemoryCell())
    lab.note = note
    lab.publish(IMAGE)
    lab.wake()
    note.add(exit="1", error="pump/main.py:12: RuntimeError: sensor driver missing")
    lab.reboot("crashed")
    lab.wake()
    assert lab.details() == {
        "reason": "rolled-back",
        "cause": "crashed",
        "attempts": "1",
        "exit": "1",
        "error": "pump/main.py:12: RuntimeError: sensor driver missing",
    }
