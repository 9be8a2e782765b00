"""The update on a bad network: nothing is lost, nothing is told twice, nothing is told that is not so."""

import logging
import re

import pytest

from aws.iot.jobs import Job
from fota_testing.jobs import faults
from fota_testing.jobs.service import ANSWER_MS, ANY
from tests.labs.device_lab import JOB, DeviceLab

IMAGE = b"new image" * 50
LOST_FOR_GOOD = 4
"""So many lost answers are more than one request is tried."""


def prepare(lab: DeviceLab, end: str) -> list[str]:
    """A job that ends so; every status that it must then have had."""
    if end == "REJECTED":
        lab.publish(bc_idx=7)
        return ["QUEUED", "REJECTED"]
    if end == "FAILED":
        lab.server.status = 404
    lab.publish(IMAGE)
    return ["QUEUED", "IN_PROGRESS", end]


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED", "REJECTED"])
@pytest.mark.parametrize("times", [1, 3, LOST_FOR_GOOD, 9])
@pytest.mark.parametrize(
    "fault",
    [
        faults.LOST_BEFORE,
        faults.LOST_AFTER,
        faults.rejected("RequestThrottled"),
        faults.rejected("VersionMismatch"),
        faults.late(12_000),
        faults.garbage(),
        faults.with_token("other"),
    ],
    ids=["lost before", "lost after", "throttled", "version", "late", "garbage", "token"],
)
def test_a_report_that_is_hard_to_make_is_made_once(
    lab: DeviceLab, end: str, times: int, fault: faults.Fault
) -> None:
    wanted = prepare(lab, end)
    lab.service.expect("update", fault, times=times, status=end)
    lab.live(3600)
    assert lab.statuses() == wanted
    assert [status for status, _ in lab.service.execution(JOB).history].count(end) == 1
    assert lab.is_settled


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED"])
@pytest.mark.parametrize("fault", [faults.LOST_BEFORE, faults.LOST_AFTER], ids=["before", "after"])
def test_a_report_still_owed_at_a_reboot_is_made_after_it(lab: DeviceLab, end: str, fault: faults.Fault) -> None:
    wanted = prepare(lab, end)
    lab.service.expect("update", fault, times=LOST_FOR_GOOD, status=end)
    for _ in range(2):
        lab.wake()
    running = lab.running_image
    lab.reboot()
    lab.live()
    assert lab.statuses() == wanted
    assert lab.running_image == running
    assert lab.is_settled


def test_a_rollback_that_cannot_be_reported_is_reported_after_the_next_reboot(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.reboot("crashed")
    lab.service.expect("update", faults.LOST_BEFORE, times=LOST_FOR_GOOD)
    lab.wake()
    lab.reboot()
    lab.wake()
    assert lab.details() == {"reason": "rolled-back", "cause": "crashed", "attempts": "1"}


def asked_in_one_update() -> int:
    """How many requests one whole update makes when nothing goes wrong."""
    lab = DeviceLab()
    lab.publish(IMAGE)
    lab.live(60)
    return len(lab.service.requests)


@pytest.mark.parametrize(
    "fault", [faults.LOST_BEFORE, faults.LOST_AFTER, faults.DROPPED, faults.TWICE, faults.garbage()]
)
@pytest.mark.parametrize("times", [1, LOST_FOR_GOOD])
def test_whichever_answer_is_lost_the_update_succeeds_once(fault: faults.Fault, times: int) -> None:
    for nth in range(asked_in_one_update()):
        lab = DeviceLab()
        lab.service.expect(ANY, faults.HONEST, times=nth)
        lab.service.expect(ANY, fault, times=times)
        lab.publish(IMAGE)
        for _ in range(40):
            lab.live(60)
            lab.service.mend()
        assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"], f"answer {nth}"
        assert lab.running_image == lab.confirmed_image == IMAGE
        assert lab.is_settled
        assert lab.boots == 1


def test_a_service_that_cannot_be_reached_is_no_error_and_is_tried_later(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.service.expect("list", faults.LOST_BEFORE, times=LOST_FOR_GOOD)
    assert lab.look() is False
    assert lab.statuses() == ["QUEUED"]
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_what_is_put_off_is_tried_ever_more_rarely(lab: DeviceLab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lab.publish(IMAGE)
    lab.service.expect("list", faults.rejected("InvalidRequest"), times=12)
    lab.live(3600)
    delays_ms = [int(number) for number in re.findall(r"put-off .*delay_ms=(\d+)", caplog.text)]
    assert len(delays_ms) == 12
    assert all(delay_ms <= 2_000 * 2**number for number, delay_ms in enumerate(delays_ms))
    assert sum(delays_ms[6:]) > 5 * sum(delays_ms[:6])
    assert lab.status() == "SUCCEEDED"


def test_after_all_was_done_what_is_put_off_is_soon_tried_again(
    lab: DeviceLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lab.service.expect("list", faults.rejected("InvalidRequest"), times=12)
    lab.live(3600)
    caplog.clear()
    for _ in range(5):
        lab.service.expect("list", faults.rejected("InvalidRequest"))
        lab.wake()
        lab.live(60)
    delays_ms = [int(number) for number in re.findall(r"put-off .*delay_ms=(\d+)", caplog.text)]
    assert len(delays_ms) == 5
    assert max(delays_ms) <= 2_000


def test_a_device_that_never_connected_is_no_error(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.service.reachable = False
    lab.reboot()
    assert lab.look(force=True) is False
    lab.service.reachable = True
    lab.service.connect()
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_jobs_published_while_the_device_was_away_are_found(lab: DeviceLab) -> None:
    lab.live(5)
    lab.service.drop()
    lab.publish(IMAGE)
    lab.live(5)
    assert lab.statuses() == ["QUEUED"]
    lab.service.mend()
    lab.live(60)
    assert lab.status() == "SUCCEEDED"


def test_the_connection_is_closed_during_a_download_and_open_after_it(lab: DeviceLab) -> None:
    seen: list[bool] = []
    lab.server.at(100, lambda: seen.append(lab.service.is_connected()))
    lab.publish(IMAGE, bc_crc="0" * 32)
    lab.wake()
    assert seen == [False]
    assert lab.service.is_connected()


def test_the_connection_stays_open_during_a_download_if_asked(lab: DeviceLab) -> None:
    seen: list[bool] = []
    lab.server.at(100, lambda: seen.append(lab.service.is_connected()))
    lab.publish(IMAGE)
    lab.wake(disconnect_mqtt=False)
    assert seen == [True]


def test_the_connection_is_not_closed_for_what_needs_no_download(lab: DeviceLab) -> None:
    lab.slots.put(1, IMAGE)
    lab.publish(IMAGE)
    lab.wake(auto_reset=False)
    assert lab.service.sessions == 1
    assert lab.service.is_connected()


def fail_without_a_way_back(lab: DeviceLab) -> None:
    """A job whose image is not the promised one, and whose download leaves the device without a network."""
    lab.server.at(0, lambda: setattr(lab.service, "reachable", False))
    lab.publish(IMAGE, bc_crc="0" * 32)
    assert lab.wake() is False
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS"]


def test_a_failure_whose_reconnect_fails_is_reported_when_there_is_a_connection(lab: DeviceLab) -> None:
    fail_without_a_way_back(lab)
    lab.live(120)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS"]
    lab.service.reachable = True
    lab.live(900)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert lab.reason() == "hash-mismatch"
    assert len(lab.server.asked) == 1


def test_a_failure_whose_reconnect_fails_is_reported_after_a_power_cut_too(lab: DeviceLab) -> None:
    fail_without_a_way_back(lab)
    lab.service.reachable = True
    lab.reboot()
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "hash-mismatch")
    assert len(lab.server.asked) == 1


def test_a_report_that_is_owed_is_not_forgotten_over_the_next_job(lab: DeviceLab) -> None:
    lab.publish(b"wrong bytes", "a", bc_crc="0" * 32)
    lab.publish(IMAGE, "b")
    lab.service.expect(
        "update", faults.rejected("RequestThrottled"), times=LOST_FOR_GOOD, job_id="a", status="FAILED"
    )
    lab.live(1800)
    assert (lab.status("a"), lab.reason("a")) == ("FAILED", "hash-mismatch")
    assert lab.status("b") == "SUCCEEDED"
    assert len(lab.server.asked) == 2
    assert lab.running_image == IMAGE


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED", "REJECTED"])
def test_a_job_changed_by_somebody_else_meanwhile_is_still_reported_at_once(lab: DeviceLab, end: str) -> None:
    wanted = prepare(lab, end)
    lab.service.expect("update", faults.rejected("VersionMismatch"), status=end, times=2)
    for _ in wanted[1:]:
        lab.wake()
    assert lab.statuses() == wanted


def test_waits_add_up_to_what_the_docstrings_promise(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    begin_ms = lab.clock.now_ms()
    lab.wake()
    # List, tell the shadow, describe, claim, and asked once more before the restart.
    assert lab.clock.now_ms() - begin_ms == 5 * ANSWER_MS


def test_a_job_in_progress_is_not_told_of_an_idle_device(lab: DeviceLab) -> None:
    lab.publish_document({"operation": "blink"})
    lab.jobs.job(JOB).update(Job.IN_PROGRESS)
    lab.live(60)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS"]
