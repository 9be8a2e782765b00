"""What happens while an update is put off: its job ends, the device resets, the network fails; nothing is lost."""

import pytest

from aws.iot import fota
from aws.iot.firmware_job import MAX_TAKEN_UP
from fota.policy import Later, No
from fota_testing.jobs import faults
from tests.labs.device_lab import FACTORY, JOB, DeviceLab
from tests.labs.policy_lab import ScriptedPolicy, steps, told

IMAGE = b"new image" * 20
OTHER = IMAGE[::-1]
BUSY = Later("machine-busy", again_s=60)
HOUR_S = 3_600


@pytest.mark.parametrize("moment", ["download", "restart"])
@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
def test_a_job_that_ends_while_it_is_put_off_is_never_begun(lab: DeviceLab, moment: str, end: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    if end == "deleted":
        lab.service.delete(JOB)
    else:
        lab.service.end(JOB, end)
    policy.answers[moment] = True
    lab.live(policy=policy)
    assert (lab.boots, lab.is_settled, lab.running_image) == (0, True, FACTORY)
    asked = len(policy.offers)
    lab.live(HOUR_S, policy=policy)
    assert len(policy.offers) == asked


def test_a_job_that_ended_unheard_is_found_out_before_anything_is_begun(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    # The notification is lost.
    lab.service.ledger.end(JOB, "CANCELED")
    policy.answers["download"] = True
    lab.live(120, policy=policy)
    assert (lab.server.asked, lab.is_settled) == ([], True)


@pytest.mark.parametrize("moment", ["download", "restart"])
def test_a_reset_while_it_is_put_off_asks_again_and_fetches_nothing_twice(lab: DeviceLab, moment: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.reboot()
    policy.offers.clear()
    lab.live(60, policy=policy)
    assert [offer.moment for offer in policy.offers][:1] == [moment]
    assert (lab.running_image, lab.device.verdict()) == (FACTORY, "settled")
    policy.answers[moment] = True
    lab.live(policy=policy)
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", IMAGE, 1)


@pytest.mark.parametrize("moment", ["download", "restart"])
def test_any_number_of_resets_while_it_is_put_off_neither_writes_nor_ends_the_job(
    lab: DeviceLab, moment: str
) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    writes = lab.power.writes
    for _ in range(MAX_TAKEN_UP + 5):
        lab.reboot()
        lab.wake(policy=policy)
    assert (lab.power.writes, len(told(lab))) == (writes, 1)
    policy.answers[moment] = True
    lab.live(policy=policy)
    assert lab.status() == "SUCCEEDED"


def test_an_expired_url_costs_nothing_since_a_fresh_one_is_asked_for(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.live(2 * HOUR_S, policy=policy)
    policy.answers["download"] = True
    minted = lab.service.minted
    lab.live(policy=policy)
    assert lab.status() == "SUCCEEDED"
    (request,) = lab.server.asked
    assert int(request.rpartition("=")[2], 16) > minted


def test_force_asks_again_and_tells_nothing_twice(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    for _ in range(5):
        lab.wake(policy=policy)
    assert (len(policy.offers), len(told(lab))) == (5, 1)


@pytest.mark.parametrize("moment", ["download", "restart"])
def test_without_a_network_nothing_is_begun_and_later_it_is(lab: DeviceLab, moment: str) -> None:
    policy = ScriptedPolicy(**{moment: BUSY})
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.service.drop()
    policy.answers[moment] = True
    lab.live(HOUR_S, policy=policy)
    assert (lab.boots, lab.device.verdict()) == (0, "settled")
    # The policy is not asked at each call of the loop.
    assert len(policy.offers) < 40
    lab.service.mend()
    lab.live(policy=policy)
    assert (lab.status(), lab.boots) == ("SUCCEEDED", 1)


def test_both_the_policy_and_may_restart_must_agree(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    asked: list[bool] = []

    def ask() -> bool:
        asked.append(False)
        return False

    lab.publish(IMAGE)
    lab.live(policy=policy, may_restart=ask)
    assert (asked, lab.boots, steps(lab)) == ([], 0, ["download", "deferred"])
    policy.answers["restart"] = True
    lab.live(policy=policy, may_restart=ask)
    assert (lab.boots, steps(lab)) == (0, ["download", "deferred", "waiting-for-restart"])
    policy.answers["restart"] = BUSY
    lab.live(policy=policy, may_restart=lambda: True)
    assert (lab.boots, steps(lab)[-1]) == (0, "deferred")
    policy.answers["restart"] = True
    lab.live(policy=policy, may_restart=ask)
    assert (lab.boots, steps(lab)[-2:]) == (0, ["deferred", "waiting-for-restart"])
    lab.live(policy=policy, may_restart=lambda: True)
    assert (lab.status(), len(lab.server.asked)) == ("SUCCEEDED", 1)


def test_an_update_by_hand_is_not_asked_about(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(No("never"), No("never"))
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    fota.test(lab.direct_document(IMAGE), device=lab.device)
    assert lab.wake(policy=policy, auto_reset=False) is True
    assert policy.offers == []


def test_an_image_that_runs_already_and_one_that_is_refused_are_not_asked_about(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY, BUSY)
    lab.publish(FACTORY)
    lab.publish(IMAGE, "job-2", bc_idx=0)
    lab.live(policy=policy)
    assert (lab.status(), lab.status("job-2"), policy.offers) == ("SUCCEEDED", "REJECTED", [])


def test_an_image_that_another_one_replaced_by_hand_is_asked_about_before_it_is_fetched_again(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    fota.update(lab.direct_document(OTHER), device=lab.device)
    policy.answers["download"] = BUSY
    lab.live(policy=policy)
    assert (len(lab.server.asked), policy.offers[-1].moment) == (2, "download")
    policy.answers = {"download": True, "restart": True}
    lab.live(policy=policy)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_an_image_that_was_damaged_while_it_waited_is_asked_about_before_it_is_fetched_again(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(True, BUSY)
    lab.publish(IMAGE)
    lab.wake(policy=policy)
    lab.slots.damage(1, 5)
    policy.answers = {"download": BUSY, "restart": True}
    lab.live(1_000, policy=policy)
    assert (len(lab.server.asked), lab.boots, told(lab)[-1]["moment"]) == (1, 0, "download")
    policy.answers["download"] = True
    lab.live(policy=policy)
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", IMAGE, 2)


def test_a_call_without_a_policy_begins_what_was_put_off(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(policy=ScriptedPolicy(BUSY))
    lab.live(120)
    assert lab.status() == "SUCCEEDED"


def test_what_was_put_off_is_forgotten_by_a_call_without_a_policy(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(policy=ScriptedPolicy(BUSY))
    lab.live(120, may_restart=lambda: False)
    lab.cancel()
    lab.live(120)
    requests = len(lab.service.requests)
    lab.live(HOUR_S - 120)
    assert len(lab.service.requests) == requests


def test_a_job_that_ends_between_the_list_and_its_description_holds_up_no_other(lab: DeviceLab) -> None:
    policy = ScriptedPolicy(BUSY)
    lab.publish(IMAGE)
    lab.live(60, policy=policy)
    lab.publish(OTHER, "job-2")
    lab.service.expect("describe", faults.rejected("TerminalStateReached"), job_id=JOB)
    lab.wake(policy=policy)
    assert len(told(lab, "job-2")) == 1
