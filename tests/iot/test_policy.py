"""A program's policy is asked before the download and before the restart: now, later or no, and nothing is lost."""

import pytest

from fota.policy import Later, No, Now
from tests.labs.device_lab import FACTORY, DeviceLab
from tests.labs.policy_lab import ScriptedPolicy, steps, told

IMAGE = b"new image" * 20
OTHER = IMAGE[::-1]
BUSY = Later("machine-busy", again_s=60)
HOUR_S = 3_600


def settle(lab: DeviceLab, policy: ScriptedPolicy) -> None:
    """The device looks at its jobs until there is no news any more."""
    lab.wake(policy=policy)
    for _ in range(2):
        lab.pass_ms(100)
        lab.look(policy=policy)


def test_a_policy_that_says_now_is_asked_at_both_moments_and_changes_nothing(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(Now(), Now())
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.wake(policy=policy)
    assert ([offer.moment for offer in policy.offers], lab.status()) == (["download", "restart"], "SUCCEEDED")
    assert steps(lab) == ["download", "restart"]


def test_the_moments_are_the_steps_that_the_service_is_told() -> None:
    from aws.iot import firmware_job
    from fota import policy

    assert (firmware_job._DOWNLOAD, firmware_job._RESTART) == (policy.DOWNLOAD, policy.RESTART)


@pytest.mark.parametrize("answer", [BUSY, False])
def test_later_before_the_download_fetches_writes_and_counts_nothing(lab: DeviceLab, answer: object) -> None:
    lab.publish(IMAGE)
    writes = lab.power.writes
    assert lab.wake(policy=ScriptedPolicy(answer)) is False
    assert (lab.server.asked, lab.erases, lab.power.writes - writes) == ([], 0, 0)
    assert (lab.journal.load(), lab.journal.accounts["pace"], lab.status()) == (None, (0, 0, 0, 0), "IN_PROGRESS")


def test_the_service_is_told_what_waits_why_and_until_when(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    now_s = lab.service._now_s()
    lab.wake(policy=ScriptedPolicy(BUSY))
    (details,) = told(lab)
    again_at = int(details.pop("again_at"))
    assert details == {"step": "deferred", "moment": "download", "reason": "machine-busy"}
    assert now_s + 60 <= again_at <= now_s + 62


def test_later_before_the_restart_keeps_the_image_and_begins_no_trial(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(True, Later("people-on-board", again_s=60))
    lab.publish(IMAGE)
    lab.live(HOUR_S, policy=policy)
    assert (lab.boots, lab.device.verdict(), lab.slots.content(1)) == (0, "settled", IMAGE)
    assert (steps(lab), policy.moments) == (["download", "deferred"], ["download", "restart"])
    assert told(lab)[0]["moment"] == "restart"
    policy.answers["restart"] = True
    lab.live(300, policy=policy)
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", IMAGE, 1)


@pytest.mark.parametrize("moment", ["download", "restart"])
def test_waiting_asks_the_policy_again_without_network_or_writes(lab: DeviceLab, moment: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    settle(lab, policy)
    requests, writes, asked = len(lab.service.requests), lab.power.writes, len(policy.offers)
    lab.live(HOUR_S - 60, policy=policy)
    assert (len(lab.service.requests), lab.power.writes) == (requests, writes)
    assert 57 <= len(policy.offers) - asked <= 60


def test_between_two_questions_an_idle_call_asks_nobody(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    settle(lab, policy)
    reads, asked = lab.power.reads, len(policy.offers)
    lab.pass_ms(59_000)
    for _ in range(100):
        assert lab.look(policy=policy) is False
    assert (len(policy.offers), lab.power.reads) == (asked, reads)
    lab.pass_ms(1_000)
    lab.look(policy=policy)
    assert len(policy.offers) == asked + 1


@pytest.mark.parametrize("moment", ["download", "restart"])
def test_one_look_asks_about_a_moment_once(lab: DeviceLab, moment: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    policy.answers[moment] = True
    policy.offers.clear()
    lab.pass_ms(60_000)
    lab.look(policy=policy)
    expected = ["download", "restart"] if moment == "download" else ["restart"]
    assert [offer.moment for offer in policy.offers] == expected


def test_an_answer_that_led_to_no_look_is_forgotten_within_a_minute(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.service.drop()
    policy.answers["download"] = True
    lab.live(180, policy=policy)
    policy.answers["download"] = Later("too-late")
    lab.service.mend()
    lab.live(HOUR_S, policy=policy)
    assert (lab.server.asked, told(lab)[-1]["reason"]) == ([], "too-late")


@pytest.mark.parametrize("moment", ["download", "restart"])
def test_no_at_either_moment_is_the_end_of_the_job(lab: DeviceLab, moment: str) -> None:
    lab.publish(IMAGE)
    lab.live(policy=ScriptedPolicy(**{moment: No("not on this ship")}))
    assert (lab.status(), lab.boots, lab.is_settled) == ("REJECTED", 0, True)
    assert lab.details() == {"reason": "declined", "message": "not on this ship"}
    assert len(lab.server.asked) == (moment == "restart")


def test_once_a_no_is_reported_nothing_of_the_job_is_left(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(policy=ScriptedPolicy(True, No("not on this ship")))
    assert (lab.status(), lab.journal.load()) == ("REJECTED", None)


@pytest.mark.parametrize("moment", ["download", "restart"])
def test_no_after_a_while_of_later_is_the_end_of_the_job_too(lab: DeviceLab, moment: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.live(policy=policy)
    policy.answers[moment] = No("enough")
    lab.live(policy=policy)
    assert (lab.status(), lab.reason(), lab.is_settled) == ("REJECTED", "declined", True)


def test_a_no_whose_report_is_lost_is_reported_again(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.service.drop()
    policy.answers["restart"] = No("enough")
    lab.live(policy=policy)
    lab.service.mend()
    lab.live(policy=policy)
    assert (lab.status(), lab.is_settled, lab.running_image) == ("REJECTED", True, FACTORY)
