"""What the signed manifest says of an update: how urgent it is, and for how long the device may put it off."""

import pytest
import vector_parts as parts

from fota.policy import Later, No, Now
from tests.labs.device_lab import JOB
from tests.labs.policy_lab import ScriptedPolicy, told
from tests.labs.trust_lab import TrustLab

BUSY = Later("machine-busy", again_s=86_400)
HOUR_S = 3_600
MOMENTS = ("download", "restart")


@pytest.fixture
def lab() -> TrustLab:
    return TrustLab(parts.keyring("first", "second"))


def test_the_offer_says_what_the_manifest_says(lab: TrustLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.offer("new image", signers=("first", "second", "stranger"), within=7_200, release="pump-7", version="7.1")
    lab.pass_ms(5_000)
    lab.wake(policy=policy)
    (offer,) = policy.offers
    assert (offer.moment, offer.job_id, offer.release, offer.version) == ("download", JOB, "pump-7", "7.1")
    assert (offer.size_bytes, offer.left_bytes, offer.urgency, offer.within_s) == (9, 9, "when-convenient", 7_200)
    assert offer.signed_by == (parts.key_id("first"), parts.key_id("second"))
    assert (offer.waited_s, offer.time_s, offer.day_bytes, offer.month_bytes) == (5, lab.service._now_s(), 0, 0)


def test_at_the_restart_nothing_is_left_and_what_was_fetched_is_counted(lab: TrustLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    lab.offer("new image")
    lab.wake(policy=policy)
    offer = policy.offers[-1]
    assert (offer.moment, offer.left_bytes, offer.day_bytes, offer.month_bytes) == ("restart", 0, 9, 9)


def test_without_a_keyring_an_offer_has_no_release(lab: TrustLab) -> None:
    policy, plain = ScriptedPolicy(BUSY), TrustLab()
    plain.offer("new image", urgency="now")
    plain.wake(policy=policy)
    (offer,) = policy.offers
    assert (offer.release, offer.version, offer.signed_by) == (None, None, ())
    assert (offer.urgency, offer.within_s, plain.status()) == ("when-convenient", None, "IN_PROGRESS")


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_urgent_release_is_not_put_off(lab: TrustLab, moment: str, caplog: pytest.LogCaptureFixture) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    caplog.set_level("INFO")
    lab.offer("new image", urgency="now")
    lab.live(policy=policy)
    assert (lab.status(), told(lab)) == ("SUCCEEDED", [])
    assert {(offer.urgency, offer.within_s) for offer in policy.offers} == {("now", 0)}
    assert caplog.text.count(f"deferral-over job={JOB} moment={moment}") == 1


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("within_s", [1, 600, 3 * 86_400])
def test_later_is_heard_until_the_time_is_over_and_not_longer(lab: TrustLab, moment: str, within_s: int) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.offer("new image", within=within_s)
    lab.wake(policy=policy)
    lab.live(within_s - 1, policy=policy)
    if within_s > 1:
        assert (lab.status(), lab.boots) == ("IN_PROGRESS", 0)
        assert int(told(lab)[-1]["again_at"]) <= lab.service.execution(JOB).queued_at_s + within_s + 1
    lab.live(120, policy=policy)
    assert lab.status() == "SUCCEEDED"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_policy_that_fails_cannot_stop_an_update_whose_time_is_over(lab: TrustLab, moment: str) -> None:
    lab.offer("new image", within=600)
    lab.live(900, policy=ScriptedPolicy(**{moment: ValueError("odd")}))
    assert lab.status() == "SUCCEEDED"


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_holds_though_the_time_is_over(lab: TrustLab, moment: str) -> None:
    lab.offer("new image", urgency="now")
    lab.live(policy=ScriptedPolicy(**{moment: No("not on this ship")}))
    assert (lab.status(), lab.reason()) == ("REJECTED", "declined")


def test_the_time_passes_while_the_device_is_off(lab: TrustLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.offer("new image", within=HOUR_S)
    lab.wake(policy=policy)
    lab.pass_ms(2 * HOUR_S * 1000)
    lab.reboot()
    lab.live(60, policy=policy)
    assert lab.status() == "SUCCEEDED"


def test_a_newer_release_need_not_wait_behind_one_that_is_put_off(lab: TrustLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.offer("new image", seq=7)
    lab.live(60, policy=policy)
    lab.offer("urgent image", "job-2", seq=8, urgency="now")
    lab.live(policy=policy)
    assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", b"urgent image")
    assert (lab.status(), lab.reason()) == ("REJECTED", "older-release")


def test_a_newer_release_takes_the_slot_of_one_that_is_put_off_before_its_restart(lab: TrustLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    lab.offer("new image", seq=7)
    lab.live(60, policy=policy, may_restart=lambda: True)
    assert lab.slots.content(1) == b"new image"
    lab.offer("urgent image", "job-2", seq=8, urgency="now")
    lab.live(policy=policy, may_restart=lambda: True)
    assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", b"urgent image")
    assert (lab.status(), lab.reason()) == ("REJECTED", "older-release")


@pytest.mark.parametrize("seq", [6, 7])
def test_an_older_release_waits_for_its_turn(lab: TrustLab, seq: int) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.offer("new image", seq=7)
    lab.live(60, policy=policy)
    lab.offer("other image", "job-2", seq=seq, urgency="now")
    lab.live(HOUR_S, policy=policy)
    assert (lab.status("job-2"), {offer.job_id for offer in policy.offers}) == ("QUEUED", {JOB})


def test_two_releases_are_put_off_side_by_side_and_each_is_told_once(lab: TrustLab) -> None:
    policy = ScriptedPolicy(Later("machine-busy", again_s=60))
    lab.offer("new image", seq=7)
    lab.offer("newer image", "job-2", seq=8)
    lab.live(HOUR_S, policy=policy)
    assert (len(told(lab)), len(told(lab, "job-2"))) == (1, 1)
    policy.answers["download"] = True
    lab.live(policy=policy)
    assert (lab.status(), lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", "SUCCEEDED", b"newer image")


def test_no_to_the_second_leaves_the_first_where_it_is(lab: TrustLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    lab.offer("new image", seq=7)
    lab.live(60, policy=policy)
    policy.answers["download"] = No("never")
    lab.offer("newer image", "job-2", seq=8)
    lab.live(60, policy=policy)
    entry = lab.journal.load()
    assert (lab.status("job-2"), lab.status(), entry is not None and entry.job_id) == ("REJECTED", "IN_PROGRESS", JOB)
    policy.answers = {"download": No("never"), "restart": Now()}
    lab.live(2 * 86_400, policy=policy)
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", b"new image", 1)


def test_a_keyring_is_not_put_off(lab: TrustLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.offer("new image")
    lab.live(60, policy=policy)
    lab.publish_document(parts.keyring_document(parts.keyring("second", version=2), ("first", "second")), "keys-2")
    lab.live(60, policy=policy)
    assert (lab.status("keys-2"), {offer.job_id for offer in policy.offers}) == ("SUCCEEDED", {JOB})
