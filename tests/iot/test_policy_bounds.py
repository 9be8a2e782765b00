"""A policy that lets a part of the download come now: it pauses in the middle, and goes on there."""

import pytest
import vector_parts as parts

from aws.iot.firmware_job import MAX_TAKEN_UP
from fota.policy import Later, Now, Offer
from tests.labs.device_lab import DeviceLab
from tests.labs.policy_lab import ScriptedPolicy, told
from tests.labs.trust_lab import TrustLab

IMAGE = bytes(range(250)) * 16
HOUR_S = 3_600


@pytest.mark.parametrize("disconnects", [True, False])
def test_a_download_pauses_where_the_policy_says_and_goes_on_there(lab: DeviceLab, disconnects: bool) -> None:
    policy = ScriptedPolicy(Now(max_bytes=1_000))
    lab.publish(IMAGE)
    lab.wake(policy=policy, disconnect_mqtt=disconnects)
    assert lab.slots.content(1) == IMAGE[:1_000]
    assert [(details["moment"], details["reason"]) for details in told(lab)] == [("download", "paused")]
    lab.live(2 * HOUR_S, policy=policy, disconnect_mqtt=disconnects)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)
    lefts = [offer.left_bytes for offer in policy.offers if offer.moment == "download"]
    assert lefts == [4_000, 3_000, 2_000, 1_000]
    assert policy.offers[-1].day_bytes == 4_000


def test_a_pause_lasts_five_minutes(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(Now(max_bytes=1_000))
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.live(295, policy=policy)
    assert len(lab.server.asked) == 1
    lab.live(10, policy=policy)
    assert len(lab.server.asked) == 2


def test_a_time_that_is_over_pauses_the_download_too(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(Now(max_bytes_per_s=100, for_s=10))
    lab.publish(IMAGE)
    began_ms = lab.clock.now_ms()
    lab.wake(policy=policy)
    assert 900 <= len(lab.slots.content(1)) <= 1_100
    assert lab.clock.now_ms() - began_ms < 15_000
    assert told(lab)[-1]["reason"] == "paused"


def test_the_rate_is_kept(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    began_ms = lab.clock.now_ms()
    lab.wake(policy=ScriptedPolicy(Now(max_bytes_per_s=100)))
    assert lab.boots == 1
    assert 37_000 <= lab.clock.now_ms() - began_ms <= 44_000


def test_any_number_of_pauses_is_no_reason_to_give_the_job_up(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    policy = ScriptedPolicy(Now(max_bytes=30))
    lab.live(2 * MAX_TAKEN_UP * 300, policy=policy)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)
    assert len(lab.server.asked) > MAX_TAKEN_UP + 20


def test_a_budget_that_is_spent_is_told_as_such_after_a_while(lab: DeviceLab) -> None:
    def budget(offer: Offer) -> "Now | Later":
        left = 1_500 - offer.day_bytes
        return Now(max_bytes=left) if left > 0 else Later("day-budget", again_s=86_400)

    lab.publish(IMAGE)
    lab.live(HOUR_S, policy=budget)
    assert [details["reason"] for details in told(lab)] == ["paused", "day-budget"]
    lab.live(4 * 86_400, policy=budget)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


@pytest.mark.parametrize("cut", [False, True])
def test_a_reset_in_a_pause_costs_no_byte(lab: DeviceLab, cut: bool) -> None:
    policy = ScriptedPolicy(Now(max_bytes=1_000))
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.reboot()
    policy.answers["download"] = True
    lab.live(policy=policy)
    assert (lab.status(), lab.device.fetched.day_bytes()) == ("SUCCEEDED", 4_000)


def test_a_job_that_is_cancelled_in_a_pause_is_forgotten(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(Now(max_bytes=1_000))
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.cancel()
    lab.live(HOUR_S, policy=policy)
    assert (lab.is_settled, len(lab.server.asked)) == (True, 1)


def test_once_the_time_of_the_release_is_over_only_the_rate_holds() -> None:
    lab = TrustLab(parts.keyring("first"))
    policy = ScriptedPolicy(Now(max_bytes_per_s=100, max_bytes=100, for_s=1))
    lab.offer("x" * 2_000, urgency="now")
    began_ms = lab.clock.now_ms()
    lab.wake(policy=policy)
    assert (lab.boots, told(lab)) == (1, [])
    assert lab.clock.now_ms() - began_ms >= 18_000


def test_a_pause_ends_when_the_time_of_the_release_is_over() -> None:
    lab = TrustLab(parts.keyring("first"))
    policy = ScriptedPolicy(Now(max_bytes=100))
    lab.offer("x" * 2_000, within=60)
    lab.wake(policy=policy)
    lab.live(50, policy=policy)
    assert len(lab.server.asked) == 1
    lab.live(30, policy=policy)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", b"x" * 2_000)
