"""Unsigned jobs keep the service's order: one behind an update that is put off waits for its turn."""

import pytest

from fota.policy import Later, No
from tests.labs.device_lab import JOB, DeviceLab
from tests.labs.policy_lab import ScriptedPolicy, told

IMAGE = b"new image" * 20
OTHER = IMAGE[::-1]
BUSY = Later("machine-busy", again_s=60)
HOUR_S = 3_600
MOMENTS = ("download", "restart")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_second_firmware_job_waits_behind_the_one_that_is_put_off(lab: DeviceLab, moment: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.live(60, policy=policy)
    lab.publish(OTHER, "job-2")
    lab.live(HOUR_S, policy=policy)
    assert (lab.status("job-2"), {offer.job_id for offer in policy.offers}) == ("QUEUED", {JOB})
    policy.answers[moment] = True
    lab.live(policy=policy)
    assert (lab.status(), lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", "SUCCEEDED", OTHER)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("end", ["cancelled", "declined"])
def test_the_second_is_asked_about_when_the_first_has_ended(lab: DeviceLab, moment: str, end: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.live(60, policy=policy)
    lab.publish(OTHER, "job-2")
    lab.live(60, policy=policy)
    if end == "cancelled":
        lab.cancel()
    else:
        answers = {JOB: No("never")}
        lab.live(90, policy=lambda offer: answers.get(offer.job_id, BUSY if offer.moment == moment else True))
    lab.live(120, policy=policy)
    assert (len(told(lab, "job-2")), policy.offers[-1].job_id) == (1, "job-2")


def test_two_that_wait_are_looked_at_as_rarely_as_none(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.publish(OTHER, "job-2")
    lab.live(60, policy=policy)
    before = len(lab.service.asked("list"))
    lab.live(12 * HOUR_S, policy=policy)
    assert len(lab.service.asked("list")) - before <= 12 + 3


def test_a_retry_of_the_job_is_asked_about_by_itself(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.live(60, policy=policy)
    lab.cancel()
    lab.publish(IMAGE)
    lab.live(60, policy=policy)
    assert lab.service.execution(JOB, 2).details["step"] == "deferred"
