"""What the service is told of an update that is put off: when it begins, and seldom after that; always the truth."""

import time

import pytest

from aws.iot.deferrals import NEWS_EVERY_MS, TELL_EVERY_MS
from fota.policy import Later, Offer
from fota_testing.jobs import faults
from tests.labs.device_lab import JOB, DeviceLab
from tests.labs.policy_lab import ScriptedPolicy, told

IMAGE = b"new image" * 20
BUSY = Later("machine-busy", again_s=60)
HOUR_S = 3_600
MOMENTS = ("download", "restart")


def when_told(lab: DeviceLab, policy: object, seconds: int) -> list[int]:
    """The second of each report that it is put off, while the program looks at its jobs every second."""
    begin_ms, seen, found = lab.clock.now_ms(), len(told(lab)), []
    while lab.clock.now_ms() < begin_ms + seconds * 1000:
        lab.look(policy=policy)
        if len(told(lab)) != seen:
            seen = len(told(lab))
            found.append((lab.clock.now_ms() - begin_ms) // 1000)
        lab.pass_ms(1_000)
    return found


def pauses(times: list[int]) -> list[int]:
    return [times[number] - times[number - 1] for number in range(1, len(times))]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_same_answer_is_told_again_every_six_hours(lab: DeviceLab, moment: str) -> None:
    lab.publish(IMAGE)
    times = when_told(lab, ScriptedPolicy(**{moment: BUSY}), 26 * HOUR_S)
    assert len(times) == 5
    assert all(TELL_EVERY_MS <= pause_s * 1000 <= TELL_EVERY_MS + 10_000 for pause_s in pauses(times))


def test_what_is_told_every_six_hours_is_true_until_the_next_time(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(Later("closed", again_s=86_400))
    lab.publish(IMAGE)
    when_told(lab, policy, 13 * HOUR_S)
    assert len(told(lab)) == 3
    now_s = lab.service._now_s()
    assert all(int(details["again_at"]) > now_s for details in told(lab)[1:])


def test_an_answer_that_changes_every_second_is_told_every_fifteen_minutes(lab: DeviceLab) -> None:
    def waver(offer: Offer) -> Later:
        return Later(f"reason {lab.clock.now_ms()}", again_s=1)

    lab.publish(IMAGE)
    times = when_told(lab, waver, 2 * HOUR_S)
    assert 8 <= len(times) <= 9
    assert min(pauses(times)) >= NEWS_EVERY_MS // 1000


def test_another_reason_is_told_after_fifteen_minutes_though_the_policy_is_asked_later(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    when_told(lab, policy, 30)
    policy.answers["download"] = Later("closed", again_s=86_400)
    (after,) = when_told(lab, policy, HOUR_S)
    assert (told(lab)[-1]["reason"], 860 <= after <= 905) == ("closed", True)


def test_a_reason_that_is_back_before_it_was_told_is_no_news(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    when_told(lab, policy, 30)
    policy.answers["download"] = Later("closed", again_s=60)
    when_told(lab, policy, 300)
    policy.answers["download"] = BUSY
    assert when_told(lab, policy, 2 * HOUR_S) == []


def test_the_next_moment_begins_anew_and_is_told_directly(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY, BUSY)
    lab.publish(IMAGE)
    when_told(lab, policy, 30)
    policy.answers["download"] = True
    when_told(lab, policy, 120)
    assert [details["moment"] for details in told(lab)] == ["download", "restart"]


def test_a_reset_repeats_nothing_and_forgets_no_time(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    when_told(lab, policy, 600)
    lab.reboot()
    policy.answers["download"] = Later("closed", again_s=60)
    (after,) = when_told(lab, policy, HOUR_S)
    assert 200 <= after <= 300


def test_a_report_that_is_lost_is_made_again(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.service.expect("update", faults.LOST_BEFORE, times=4)
    lab.wake(policy=policy)
    assert told(lab) == []
    lab.live(120, policy=policy)
    assert len(told(lab)) == 1


def test_a_report_whose_answer_is_lost_is_told_once(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.service.expect("update", faults.LOST_AFTER)
    lab.live(120, policy=ScriptedPolicy(BUSY))
    assert len(told(lab)) == 1


def test_a_device_that_puts_off_for_days_looks_as_rarely_as_one_without_a_job(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.live(60, policy=policy)
    before = len(lab.service.requests)
    lab.live(24 * HOUR_S, policy=policy)
    # A look every 1 to 2 hours, and four reports, each with a look of its own.
    assert len(lab.service.requests) - before <= 2 * (24 + 4) + 4


def test_beside_a_job_of_the_program_it_looks_as_often_as_before(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.publish(IMAGE)
    lab.live(60, policy=policy)
    before = len(lab.service.asked("list"))
    lab.live(HOUR_S, policy=policy)
    assert len(lab.service.asked("list")) - before >= 15


def test_without_a_time_of_the_service_nothing_is_told_of_the_next_question(
    lab: DeviceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = ScriptedPolicy(BUSY)
    # A service of another kind, as far as anybody can tell: its answers have no time that is a whole number.
    monkeypatch.setattr(lab.service, "_now_s", lambda: None)
    lab.publish(IMAGE)
    lab.live(2 * HOUR_S, policy=policy)
    assert told(lab) == [{"step": "deferred", "moment": "download", "reason": "machine-busy"}]
    assert {offer.time_s for offer in policy.offers} == {None}
    # What has passed since this boot first saw it is all that it can know.
    assert 2 * HOUR_S - 120 <= policy.offers[-1].waited_s <= 2 * HOUR_S


@pytest.mark.parametrize("jump_s", [-10_000_000, 10_000_000])
def test_the_clock_of_the_device_has_no_part_in_it(
    lab: DeviceLab, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    queued_s = lab.service.execution(JOB).queued_at_s
    lab.live(HOUR_S, policy=policy)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump_s)
    lab.live(HOUR_S, policy=policy)
    last = policy.offers[-1]
    assert last.time_s is not None
    assert abs(last.time_s - lab.service._now_s()) <= 61
    assert last.waited_s == last.time_s - queued_s
    assert len(told(lab)) == 1
