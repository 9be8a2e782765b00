"""Cancels a job, and with `force` also the executions that devices are working on.

Leaves to others: starting one (`start`), and its progress (`progress`).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import CloudRefused
from fota_operator.jobs.look_up import look_up_job
from fota_operator.jobs.progress import RUNNING, ExecutionStatus, JobStatus, job_status
from fota_operator.rate_limiter import JOBS_PER_SECOND, RateLimiter, SystemClock

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import CancelJobRequestTypeDef

_NOT_CANCELLABLE = "InvalidRequestException"


def cancel_job(cloud: Cloud, job_id: str, *, force: bool = False, dry_run: bool = False) -> JobStatus:
    """Cancel a job's QUEUED executions, and with `force` those IN_PROGRESS too. A job that has ended stays as it is.

    Returns its status afterwards. *Raises* NotFound, CloudRefused.
    """
    before = job_status(cloud, job_id)
    if dry_run:
        return before
    if before.running:
        cancel_running(cloud, {"jobId": job_id, "force": force})
    elif force:
        # It was cancelled before without force. AWS does not cancel a job twice: cancel its executions one by one.
        cancel_executions(cloud, job_id, before.executions, RateLimiter(JOBS_PER_SECOND, SystemClock()))
    return job_status(cloud, job_id)


def cancel_running(cloud: Cloud, request: "CancelJobRequestTypeDef") -> None:
    """Cancel a job that runs; a job that has ended meanwhile stays as it is. *Raises* CloudRefused."""
    try:
        with explaining(f"cancel the job {request['jobId']}"):
            cloud.iot.cancel_job(**request)
    except CloudRefused as error:
        if error.code != _NOT_CANCELLABLE:
            raise
        job = look_up_job(cloud, request["jobId"])
        if job is not None and job["status"] in RUNNING:
            raise


def cancel_executions(cloud: Cloud, job_id: str, executions: Iterable[ExecutionStatus], pace: RateLimiter) -> None:
    """Cancel those of a job's executions that are pending, IN_PROGRESS or not. *Raises* CloudRefused.

    Makes one call for each, and *blocks* while the rate limit holds them back.
    """
    for execution in executions:
        if execution.pending:
            pace.wait()
            _cancel_execution(cloud, job_id, execution.thing)


def _cancel_execution(cloud: Cloud, job_id: str, thing: str) -> None:
    try:
        with explaining(f"cancel the job {job_id} for {thing}"):
            cloud.iot.cancel_job_execution(jobId=job_id, thingName=thing, force=True)
    except CloudRefused as error:
        # The device ended the execution first.
        if error.code != "InvalidStateTransitionException":
            raise
