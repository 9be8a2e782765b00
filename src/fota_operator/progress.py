"""How a job fares: the status of each thing's job execution, once or until it ends.

Leaves to others: starting and cancelling (`jobs`), and how it is shown (`cli.output`).
"""

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import BadInput, CloudRefused, NotFound, TimedOut

_JOB_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_PERCENT = re.compile(r"([0-9]{1,3}) %")
_JITTER = 0.2


@dataclass(frozen=True)
class ExecutionStatus:
    """One thing's share of a job. `details` is all that the device said of it."""

    thing: str
    status: str
    execution_number: int
    details: dict[str, str] = field(default_factory=dict)
    queued_at: datetime | None = None
    started_at: datetime | None = None
    last_updated_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the device may still change it."""
        return self.status in ("QUEUED", "IN_PROGRESS")

    @property
    def reason(self) -> str | None:
        """The short fixed word reported with FAILED or REJECTED."""
        return self.details.get("reason")

    @property
    def message(self) -> str | None:
        """The sentence that goes with the reason."""
        return self.details.get("message")

    @property
    def percent(self) -> int | None:
        """How much of the image the device has, where it said so."""
        found = _PERCENT.fullmatch(self.details.get("progress", ""))
        return None if found is None else min(100, int(found[1]))


@dataclass(frozen=True)
class JobStatus:
    """A job and the executions that it has so far, by thing."""

    job_id: str
    status: str
    executions: tuple[ExecutionStatus, ...]

    @property
    def running(self) -> bool:
        """Whether the job itself is under way; one that is cancelled may have executions that still are."""
        return self.status in ("IN_PROGRESS", "SCHEDULED")

    @property
    def ended(self) -> bool:
        """Whether nothing of it can change any more."""
        return not self.running and not any(execution.pending for execution in self.executions)

    @property
    def succeeded(self) -> bool:
        """Whether it has ended, and every execution SUCCEEDED."""
        return self.ended and {execution.status for execution in self.executions} == {"SUCCEEDED"}


def job_status(cloud: Cloud, job_id: str) -> JobStatus:
    """How a job stands now. Costs one request, one for 250 things, and one for each thing that has begun.

    *Raises* BadInput, NotFound.
    """
    if not _JOB_ID.fullmatch(job_id):
        raise BadInput(f"{job_id!r} is not a job id", "use the one that `fota start` printed")
    try:
        with explaining(f"look up the job {job_id}"):
            status = cloud.iot.describe_job(jobId=job_id)["job"]["status"]
            # Executions are listed after the job is looked at: whatever had ended then is listed as ended.
            executions = tuple(sorted(_executions(cloud, job_id), key=lambda one: one.thing))
    except CloudRefused as error:
        if error.code == "ResourceNotFoundException":
            raise NotFound(f"there is no job {job_id} in {cloud.region}", "look at the id and region") from error
        raise
    return JobStatus(job_id=job_id, status=status, executions=executions)


def watch_job(
    cloud: Cloud, job_id: str, *, interval_s: float = 2.0, timeout_s: float = 3600.0
) -> Iterator[JobStatus]:
    """Look at a job every `interval_s`, until it ends: the last status given is its end.

    AWS allows ten of each request in a second for a whole account: 2 s between looks is polite.
    *Raises* TimedOut, NotFound.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        status = job_status(cloud, job_id)
        yield status
        if status.ended:
            return
        if time.monotonic() >= deadline:
            raise TimedOut(
                f"the job {job_id} has not ended within {timeout_s:g} s",
                f"watch on with `fota watch {job_id}`, or end it with `fota cancel {job_id}`",
            )
        pause_s = interval_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter, not a secret
        time.sleep(max(0.0, min(pause_s, deadline - time.monotonic())))


def _executions(cloud: Cloud, job_id: str) -> Iterator[ExecutionStatus]:
    pages = cloud.iot.get_paginator("list_job_executions_for_job").paginate(
        jobId=job_id, PaginationConfig={"PageSize": 250}
    )
    for page in pages:
        for listed in page.get("executionSummaries", []):
            summary = listed["jobExecutionSummary"]
            thing = listed["thingArn"].split(":thing/", 1)[1]
            number = summary["executionNumber"]
            # A queued execution has no details yet.
            queued = summary["status"] == "QUEUED"
            yield ExecutionStatus(
                thing=thing,
                status=summary["status"],
                execution_number=number,
                details={} if queued else _details(cloud, job_id, thing, number),
                queued_at=summary.get("queuedAt"),
                started_at=summary.get("startedAt"),
                last_updated_at=summary.get("lastUpdatedAt"),
            )


def _details(cloud: Cloud, job_id: str, thing: str, execution_number: int) -> dict[str, str]:
    described = cloud.iot.describe_job_execution(jobId=job_id, thingName=thing, executionNumber=execution_number)
    return dict(described["execution"].get("statusDetails", {}).get("detailsMap", {}))
