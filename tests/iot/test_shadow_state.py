"""What the named shadow is told: what runs, once in a boot and on change, and why the last update failed."""

import json

import pytest

from aws.iot import shadows
from fota_testing.jobs.faults import LOST_AFTER, LOST_BEFORE, TWICE, Fault, garbage, late, rejected
from tests.labs.device_lab import FACTORY, JOB, DeviceLab

NEW = b"new image"
OTHER = b"another image"
TOPIC = "$aws/things/lamp/shadow/name/fota/update"


def heard(lab: DeviceLab) -> list[dict[str, object]]:
    return lab.service.shadow.heard


def sent(lab: DeviceLab) -> list[bytes]:
    return [content for topic, content in lab.service.published if topic == TOPIC]


def runs(lab: DeviceLab) -> tuple[object, object]:
    """Slot and state, as the shadow has them."""
    reported = lab.service.shadow.reported
    return reported["slot"], reported["state"]


def test_a_device_says_once_in_a_boot_what_it_runs(lab: DeviceLab) -> None:
    lab.live(7_200)
    (message,) = heard(lab)
    assert message["format"] == 1
    assert (message["slot"], message["state"]) == (0, "confirmed")
    assert message["sha256"] == lab.document(FACTORY)["bc_sha256"]
    assert str(message["interpreter"]).split()[0] == "cpython"
    assert message["library"] == "0.1.0"


def test_each_boot_says_it_again(lab: DeviceLab) -> None:
    for _ in range(3):
        lab.live(60)
        lab.reboot()
    assert len(heard(lab)) == 3


def test_what_is_not_known_is_taken_out_of_the_shadow(lab: DeviceLab) -> None:
    lab.service.shadow.reported = {"version": "9.9", "product": "pump", "last_failure": {"job": "old"}}
    lab.wake()
    assert {"version", "product", "seq"} & set(lab.service.shadow.reported) == set()
    assert "last_failure" not in lab.service.shadow.reported


def test_an_update_is_told_when_it_is_final(lab: DeviceLab) -> None:
    lab.wake()
    lab.update_to(NEW)
    assert runs(lab) == (1, "confirmed")
    assert lab.service.shadow.reported["sha256"] == lab.document(NEW)["bc_sha256"]
    assert len(heard(lab)) == 2


def test_an_image_says_that_it_is_on_trial_before_its_health_check(lab: DeviceLab) -> None:
    seen = []

    def health_check() -> bool:
        seen.append(runs(lab))
        return True

    lab.publish(NEW)
    lab.wake()
    lab.wake(health_check=health_check)
    assert seen == [(1, "on-trial")]
    assert runs(lab) == (1, "confirmed")


def test_a_rolled_back_device_corrects_it(lab: DeviceLab) -> None:
    lab.publish(NEW)
    lab.wake()
    lab.wake(health_check=lambda: False)
    assert runs(lab) == (1, "on-trial")
    lab.live(60)
    assert runs(lab) == (0, "confirmed")
    assert lab.service.shadow.reported["sha256"] == lab.document(FACTORY)["bc_sha256"]
    assert lab.service.shadow.reported["last_failure"] == {
        "job": JOB,
        "reason": "rolled-back",
        "cause": "health-check",
        "sha256": lab.document(NEW)["bc_sha256"],
    }


def test_the_last_failure_stands_until_the_next_success(lab: DeviceLab) -> None:
    lab.publish(NEW)
    lab.wake()
    lab.reboot("crashed")
    lab.live(60)
    lab.reboot()
    lab.live(60)
    assert lab.service.shadow.reported["last_failure"]["cause"] == "crashed"  # type: ignore[index]
    lab.update_to(OTHER, "job-2")
    assert lab.status("job-2") == "SUCCEEDED"
    assert "last_failure" not in lab.service.shadow.reported


def test_a_later_failure_leaves_nothing_of_the_one_before(lab: DeviceLab) -> None:
    lab.publish(NEW)
    lab.wake()
    lab.reboot("crashed")
    lab.wake()
    lab.publish(OTHER, "job-2", bc_crc="0" * 32)
    lab.live(60)
    failure = {"job": "job-2", "reason": "hash-mismatch", "sha256": lab.document(OTHER)["bc_sha256"]}
    assert lab.service.shadow.reported["last_failure"] == failure


def test_a_failure_that_is_reported_after_a_reset_is_told_then(lab: DeviceLab) -> None:
    lab.publish(NEW, bc_crc="0" * 32)
    lab.service.expect("update", LOST_BEFORE, times=4, status="FAILED")
    lab.wake()
    lab.reboot()
    lab.live(60)
    assert lab.status() == "FAILED"
    assert lab.service.shadow.reported["last_failure"]["reason"] == "hash-mismatch"  # type: ignore[index]


def test_a_confirmed_image_that_is_given_up_is_a_failure_without_a_job(lab: DeviceLab) -> None:
    lab.update_to(NEW)
    for _ in range(3):
        lab.reboot("crashed")
    lab.live(60)
    lab.reboot()
    lab.live(60)
    assert runs(lab) == (0, "confirmed")
    failure = {"reason": "rolled-back", "cause": "crashed", "sha256": lab.document(NEW)["bc_sha256"]}
    assert lab.service.shadow.reported["last_failure"] == failure


def test_a_refused_job_is_no_failure_and_no_message(lab: DeviceLab) -> None:
    lab.wake()
    lab.publish(NEW, bc_idx=7)
    lab.live(60)
    assert lab.status() == "REJECTED"
    assert len(heard(lab)) == 1


@pytest.mark.parametrize(
    "fault",
    [LOST_BEFORE, LOST_AFTER, late(11_000), garbage(), rejected("429"), rejected("500")],
    ids=["lost", "answer lost", "late", "garbage", "throttled", "error"],
)
def test_what_got_no_good_answer_is_told_again_within_minutes(lab: DeviceLab, fault: Fault) -> None:
    lab.service.expect("shadow", fault, times=2)
    lab.live(900)
    assert 2 < len(sent(lab)) <= 4
    assert runs(lab) == (0, "confirmed")
    count = len(sent(lab))
    lab.live(7_200)
    assert len(sent(lab)) == count


def test_an_answer_that_comes_twice_counts_once(lab: DeviceLab) -> None:
    lab.service.expect("shadow", TWICE)
    lab.live(7_200)
    assert len(sent(lab)) == 1


@pytest.mark.parametrize("code", ["429", "400"])
def test_a_service_that_never_takes_it_is_asked_less_and_less(lab: DeviceLab, code: str) -> None:
    lab.service.expect("shadow", rejected(code), times=1_000)
    lab.live(86_400)
    assert 5 <= len(sent(lab)) <= 12


def test_a_lost_message_holds_no_job_up(lab: DeviceLab) -> None:
    lab.service.expect("shadow", LOST_BEFORE, times=100)
    lab.publish(NEW)
    lab.live(120)
    assert lab.status() == "SUCCEEDED"


def test_a_forbidden_message_costs_one_connection_in_a_long_while(lab: DeviceLab) -> None:
    lab.service.forbidden_topics.add(TOPIC)
    lab.live(600)
    assert lab.service.hang_ups == 1
    lab.live(86_400)
    assert lab.service.hang_ups <= 9


def test_a_forbidden_answer_costs_one_connection_in_a_long_while(lab: DeviceLab) -> None:
    lab.service.forbidden_filters.add(TOPIC + "/accepted")
    lab.live(600)
    assert lab.service.hang_ups == 1
    lab.live(86_400)
    assert lab.service.hang_ups <= 9
    assert sent(lab) == []


@pytest.mark.parametrize("kind", ["forbidden_topics", "forbidden_filters"])
def test_a_policy_that_forbids_it_disturbs_no_update_and_no_trial(
    lab: DeviceLab, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    getattr(lab.service, kind).add(TOPIC if kind == "forbidden_topics" else TOPIC + "/accepted")
    healthy = []

    def health_check() -> bool:
        healthy.append(lab.service.is_connected())
        return healthy[-1]

    lab.publish(NEW)
    with caplog.at_level("INFO"):
        lab.live(120, health_check=health_check)
    assert healthy == [True]
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.boots == 1
    assert lab.service.hang_ups == 2
    assert f"let the policy allow {TOPIC}" in caplog.text


def test_a_policy_that_is_mended_is_noticed_within_two_days(lab: DeviceLab) -> None:
    lab.service.forbidden_topics.add(TOPIC)
    lab.live(86_400)
    lab.service.forbidden_topics.clear()
    lab.live(2 * 86_400)
    assert runs(lab) == (0, "confirmed")


def test_nothing_of_it_stays_subscribed(lab: DeviceLab) -> None:
    before = lab.service.filters
    lab.wake()
    assert lab.service.filters == before


def test_telling_it_writes_nothing(lab: DeviceLab) -> None:
    lab.wake()
    assert lab.power.writes == 0


def test_it_is_told_after_the_report_that_is_due(lab: DeviceLab) -> None:
    lab.wake()
    lab.update_to(NEW)
    told = [topic for topic, content in lab.service.published if topic == TOPIC or b'"SUCCEEDED"' in content]
    assert told == [TOPIC, f"$aws/things/lamp/jobs/{JOB}/update", TOPIC]


def test_the_longest_message_is_below_a_kilobyte() -> None:
    failure = {"job": "j" * 64, "reason": "too-few-signatures", "cause": "not-confirmed"}
    failure |= {"version": "v" * 64, "sha256": "0" * 64}
    facts: dict[str, object] = {"slot": 15, "state": "confirmed", "library": "10.10.10", "sha256": "0" * 64}
    facts |= {"interpreter": "micropython 10.100.10", "platform": "p" * 32, "board": "b" * 32}
    facts |= {"product": "p" * 64, "version": "v" * 64, "seq": 2**53, "last_failure": failure}
    message = {"state": {"reported": shadows.complete(facts, 2**50)}, "clientToken": "0" * 16}
    assert len(json.dumps(message, separators=(",", ":"))) < 1024
