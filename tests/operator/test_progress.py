from collections.abc import Callable

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, NotFound, TimedOut
from fota_operator.jobs.progress import ExecutionStatus, JobStatus, job_status, watch_job
from fota_operator.jobs.start import StartRequest, start_job
from tests.labs.device_side import DeviceSide


def job(status: str, *executions: str) -> JobStatus:
    return JobStatus("j", status, tuple(ExecutionStatus(f"t{n}", one, 1) for n, one in enumerate(executions)))


@pytest.mark.parametrize(
    ("status", "ended", "succeeded"),
    [
        (job("IN_PROGRESS", "QUEUED"), False, False),
        (job("IN_PROGRESS", "SUCCEEDED"), False, False),
        (job("SCHEDULED"), False, False),
        (job("COMPLETED", "SUCCEEDED", "SUCCEEDED"), True, True),
        (job("COMPLETED", "SUCCEEDED", "FAILED"), True, False),
        (job("COMPLETED", "REJECTED"), True, False),
        (job("CANCELED", "CANCELED"), True, False),
        (job("CANCELED", "IN_PROGRESS"), False, False),
        (job("COMPLETED"), True, False),
    ],
)
def test_when_a_job_has_ended_and_when_well(status: JobStatus, ended: bool, succeeded: bool) -> None:
    assert (status.ended, status.succeeded) == (ended, succeeded)


@pytest.mark.parametrize(
    ("said", "percent"), [("40 %", 40), ("0 %", 0), ("999 %", 100), ("forty", None), ("", None), ("-1 %", None)]
)
def test_progress_is_read_from_what_the_device_said(said: str, percent: int | None) -> None:
    assert ExecutionStatus("t", "IN_PROGRESS", 1, {"progress": said}).percent == percent


@pytest.mark.e2e
def test_a_failure_comes_with_the_devices_reason_and_message(
    cloud: Cloud, request_for: StartRequest, device: DeviceSide
) -> None:
    started = start_job(cloud, request_for)
    device.report(request_for.thing, started.job_id, "FAILED", reason="hash-mismatch", message="not the bytes")
    (execution,) = job_status(cloud, started.job_id).executions
    assert (execution.status, execution.reason, execution.message) == ("FAILED", "hash-mismatch", "not the bytes")


@pytest.mark.e2e
def test_an_execution_whose_thing_is_gone_is_told_without_its_details(
    cloud: Cloud, request_for: StartRequest, device: DeviceSide, refusing: Callable[[str, str], None]
) -> None:
    started = start_job(cloud, request_for)
    device.report(request_for.thing, started.job_id, "FAILED", reason="hash-mismatch", message="not the bytes")
    refusing("DescribeJobExecution", "ResourceNotFoundException")
    (execution,) = job_status(cloud, started.job_id).executions
    assert (execution.status, execution.details) == ("FAILED", {})


@pytest.mark.e2e
def test_watching_ends_when_the_job_ends(cloud: Cloud, request_for: StartRequest, device: DeviceSide) -> None:
    started = start_job(cloud, request_for)
    to_come = iter(("IN_PROGRESS", "SUCCEEDED"))
    seen = []
    for status in watch_job(cloud, started.job_id, interval_s=0.01, timeout_s=30):
        seen.append(status.executions[0].status)
        if (reported := next(to_come, None)) is not None:
            device.report(request_for.thing, started.job_id, reported)
    assert seen == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


@pytest.mark.e2e
def test_watching_a_job_that_does_not_end_stops_in_time(cloud: Cloud, request_for: StartRequest) -> None:
    started = start_job(cloud, request_for)
    with pytest.raises(TimedOut, match=f"fota watch {started.job_id}"):
        list(watch_job(cloud, started.job_id, interval_s=0.01, timeout_s=0.1))


@pytest.mark.e2e
def test_a_job_that_is_not_there_is_named(cloud: Cloud) -> None:
    with pytest.raises(NotFound, match="no job fota-none"):
        job_status(cloud, "fota-none")


@pytest.mark.parametrize("job_id", ["", "a b", "a:b", "x" * 65, "../x"])
@pytest.mark.e2e
def test_what_is_no_job_id_is_refused(cloud: Cloud, job_id: str) -> None:
    with pytest.raises(BadInput, match="job id"):
        job_status(cloud, job_id)
