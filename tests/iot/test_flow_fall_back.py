"""A device goes back from a confirmed image, whose job has SUCCEEDED: the shadow says so, and the image is bad."""

import json
import logging

import pytest

from fota_testing.jobs.faults import LOST_BEFORE
from tests.labs.device_lab import FACTORY, DeviceLab

NEW = b"new image"
SHADOW = "$aws/things/lamp/shadow/update"


@pytest.fixture
def fallen(lab: DeviceLab) -> DeviceLab:
    """Confirmed and told, then three crashes; the old image has just started."""
    lab.update_to(NEW)
    assert lab.status() == "SUCCEEDED"
    for _ in range(3):
        lab.reboot("crashed")
    assert lab.running_image == FACTORY
    return lab


def told(lab: DeviceLab) -> list[dict[str, object]]:
    """What the shadow says about it."""
    messages = [json.loads(content) for topic, content in lab.service.published if topic == SHADOW]
    return [message["state"]["reported"]["fota"]["fell_back"] for message in messages]


def test_the_shadow_says_which_image_was_given_up_and_why(fallen: DeviceLab) -> None:
    fallen.wake()
    digest = fallen.document(NEW)["bc_sha256"]
    assert told(fallen) == [
        {"from_slot": 1, "to_slot": 0, "cause": "crashed", "crashes": 3, "healthy_boots": 1, "sha256": digest}
    ]


def test_it_is_told_once(fallen: DeviceLab) -> None:
    fallen.live(60)
    fallen.reboot()
    fallen.live(60)
    assert len(told(fallen)) == 1
    assert fallen.is_settled


def test_a_broker_that_hangs_up_on_the_message_hears_it_once_in_a_boot(fallen: DeviceLab) -> None:
    fallen.service.reachable = False
    fallen.wake()
    fallen.service.reachable = True
    fallen.live(60)
    assert len(told(fallen)) == 1


def test_it_is_told_again_while_no_answer_shows_that_the_broker_took_it(fallen: DeviceLab) -> None:
    fallen.service.expect("list", LOST_BEFORE, times=5)
    fallen.live(300)
    assert len(told(fallen)) > 1
    assert fallen.is_settled


def test_the_image_is_known_to_be_bad(fallen: DeviceLab) -> None:
    fallen.wake()
    fallen.publish(NEW, job="job-2")
    fallen.live()
    assert (fallen.status("job-2"), fallen.reason("job-2")) == ("REJECTED", "known-bad")


def test_the_log_says_so(lab: DeviceLab, caplog: pytest.LogCaptureFixture) -> None:
    lab.update_to(NEW)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            lab.reboot("crashed")
    assert "fell-back" in caplog.text


def test_a_crash_before_the_success_was_told_is_told_as_a_rollback(lab: DeviceLab) -> None:
    lab.publish(NEW)
    lab.wake()
    lab.device.confirm()
    for _ in range(3):
        lab.reboot("crashed")
    lab.wake()
    assert (lab.status(), lab.reason()) == ("FAILED", "rolled-back")
    assert lab.is_settled


def test_an_ordinary_rollback_tells_the_shadow_nothing(lab: DeviceLab) -> None:
    lab.publish(NEW)
    lab.wake()
    lab.reboot("crashed")
    lab.wake()
    assert (lab.status(), told(lab)) == ("FAILED", [])
