"""Jobs that are not firmware jobs, and odd ones: each goes to whom it belongs, none holds up the rest."""

import pytest

from aws.iot.jobs import Job
from fota_testing.jobs import faults
from tests.labs.device_lab import FACTORY, DeviceLab


def test_another_job_is_handed_over_described(lab: DeviceLab) -> None:
    handed: list[Job] = []
    lab.publish_document({"operation": "blink", "times": 3}, "blink-1")
    lab.wake(job_cbk=handed.append)
    (job,) = handed
    assert (job.jobid, job.status, job.document) == ("blink-1", "QUEUED", {"operation": "blink", "times": 3})


def test_a_callback_can_carry_its_job_through(lab: DeviceLab) -> None:
    def blink(job: Job) -> None:
        job.update(Job.IN_PROGRESS, {"lamp": "on"})
        job.update(Job.SUCCEEDED)

    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.wake(job_cbk=blink)
    assert lab.statuses("blink-1") == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_a_job_of_nobody_is_left_alone(lab: DeviceLab) -> None:
    lab.publish_document({"operation": "blink"}, "blink-1")
    assert lab.wake() is False
    assert lab.statuses("blink-1") == ["QUEUED"]
    assert len(lab.service.asked("update")) == 0


def test_a_firmware_job_is_not_handed_over(lab: DeviceLab) -> None:
    lab.publish()
    lab.wake(job_cbk=lambda job: pytest.fail(f"handed over {job.jobid}"))
    assert lab.boots == 1


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("operation"), OSError(5, "lamp"), RuntimeError()])
def test_a_callback_that_raises_ends_neither_program_nor_update(lab: DeviceLab, error: Exception) -> None:
    def fall(job: Job) -> None:
        raise error

    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.publish(image=b"new image")
    lab.live(job_cbk=fall)
    assert lab.status() == "SUCCEEDED"
    assert lab.statuses("blink-1") == ["QUEUED"]
    assert lab.boots == 1


def test_a_callback_without_a_connection_ends_neither_program_nor_update(lab: DeviceLab) -> None:
    def blink(job: Job) -> None:
        lab.service.expect("update", faults.LOST_BEFORE, times=4, job_id="blink-1")
        job.update(Job.SUCCEEDED)

    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.publish(image=b"new image")
    lab.wake(job_cbk=blink)
    assert lab.running_image == b"new image"


def test_a_callback_may_end_a_job_that_comes_after_it(lab: DeviceLab) -> None:
    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.publish(image=b"new image")
    assert lab.wake(job_cbk=lambda job: lab.cancel()) is False
    assert (lab.status(), lab.running_image, lab.server.asked) == ("CANCELED", FACTORY, [])


OTHERS = [{"operation": "blink"}, {}, {"bc_idx": 1}, {"operation": None}, {"operation": ["fota"]}, "{}"]
ODD = [[], [{"operation": "fota"}], "fota", "[1, 2]", 7, True, 1.5, None]


@pytest.mark.parametrize("document", OTHERS, ids=repr)
def test_an_object_with_another_operation_or_none_is_the_programs_own(lab: DeviceLab, document: object) -> None:
    handed: list[str] = []
    lab.publish_document(document, "odd")
    lab.wake(job_cbk=lambda job: handed.append(job.jobid))
    assert handed == ["odd"]
    assert lab.statuses("odd") == ["QUEUED"]


@pytest.mark.parametrize("document", ODD, ids=repr)
def test_what_is_no_object_is_rejected(lab: DeviceLab, document: object) -> None:
    lab.publish_document(document, "odd")
    lab.wake(job_cbk=lambda job: pytest.fail("handed over"))
    assert lab.statuses("odd") == ["QUEUED", "REJECTED"]
    assert lab.reason("odd") == "bad-document"


@pytest.mark.parametrize("document", [*OTHERS, *ODD, {"operation": "fota"}], ids=repr)
def test_one_odd_job_neither_stops_the_others_nor_restarts_the_device(lab: DeviceLab, document: object) -> None:
    lab.publish_document(document, "odd")
    lab.publish(image=b"new image")
    lab.live(60)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.boots == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.rejected("InvalidRequest"),
        faults.rejected("TerminalStateReached"),
        faults.rejected("ResourceNotFound"),
        faults.rejected("RequestThrottled"),
        faults.rejected("InternalError"),
        faults.rejected("SomethingNew"),
        faults.LOST_AFTER,
        faults.garbage(),
        faults.garbage(b"[" * 100_000),
        faults.Fault(acts=False),
    ],
    ids=["invalid", "over", "gone", "throttled", "fault", "new code", "lost", "garbage", "deep", "no execution"],
)
def test_one_job_that_cannot_be_described_neither_stops_the_others_nor_restarts_the_device(
    lab: DeviceLab, fault: faults.Fault
) -> None:
    lab.service.expect("describe", fault, times=1000, job_id="odd")
    lab.publish_document({}, "odd")
    lab.publish(image=b"new image")
    lab.live(900)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.boots == 1


def test_a_job_that_could_not_be_described_is_described_later_without_a_new_notification(lab: DeviceLab) -> None:
    lab.service.expect("describe", faults.rejected("InternalError"), times=4)
    lab.publish(image=b"new image")
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_a_job_that_can_never_be_described_does_not_keep_the_device_busy(lab: DeviceLab) -> None:
    lab.service.expect("describe", faults.rejected("InvalidRequest"), times=10_000, job_id="odd")
    lab.publish_document({}, "odd")
    lab.live(3600)
    assert len(lab.service.asked("describe")) < 60
