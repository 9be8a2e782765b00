"""Reads a job and its executions from AWS, in our words. Changes nothing.

Leaves to others: what they mean for a rollout (`reader`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud
from fota_operator.jobs.look_up import look_up_job
from fota_operator.jobs.progress import RUNNING, ExecutionStatus, executions_of_job
from fota_operator.rollouts.aws.targets import group_members

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import JobProcessDetailsTypeDef, JobTypeDef

_THING = ":thing/"


@dataclass(frozen=True)
class JobRead:
    """A job. `counts` is by status of its executions; its targets are `things` by name, and one `group` or none."""

    job_id: str
    arn: str
    status: str
    created_at: datetime
    reason_code: str | None
    counts: dict[str, int]
    things: tuple[str, ...]
    group: str | None
    completed_at: datetime | None

    @property
    def running(self) -> bool:
        """Whether the job itself is under way; one that was cancelled may have executions that still are."""
        return self.status in RUNNING

    @property
    def final(self) -> bool:
        """Whether nothing about it can change any more."""
        return not self.running and not self.counts["QUEUED"] and not self.counts["IN_PROGRESS"]

    @property
    def answered(self) -> dict[str, int]:
        """The counts without CANCELED: a further offer takes those up again."""
        return {status: count for status, count in self.counts.items() if status != "CANCELED"}


def read_job(cloud: Cloud, job_id: str) -> JobRead | None:
    """A job, or None if no job has that id. Costs one call. *Raises* CloudRefused."""
    job = look_up_job(cloud, job_id)
    if job is None:
        return None
    arns = job.get("targets", [])
    groups = [arn.split(":thinggroup/", 1)[1] for arn in arns if ":thinggroup/" in arn]
    return JobRead(
        job_id=job_id,
        arn=job["jobArn"],
        status=job["status"],
        created_at=job["createdAt"],
        reason_code=job.get("reasonCode"),
        counts=_counts(job),
        things=tuple(arn.split(_THING, 1)[1] for arn in arns if _THING in arn),
        group=groups[0] if groups else None,
        completed_at=job.get("completedAt"),
    )


def newest_executions(cloud: Cloud, job_id: str) -> dict[str, ExecutionStatus]:
    """The newest execution of each thing, without details. Costs a call for 250. *Raises* NotFound, CloudRefused."""
    newest: dict[str, ExecutionStatus] = {}
    for one in executions_of_job(cloud, job_id):
        known = newest.get(one.thing)
        if known is None or known.execution_number < one.execution_number:
            newest[one.thing] = one
    return newest


def things_of(cloud: Cloud, job: JobRead) -> frozenset[str]:
    """The things that a job aims at. When its group was deleted, after its end, they are those of its executions."""
    if job.group is None:
        return frozenset(job.things)
    members = group_members(cloud, job.group)
    return frozenset(newest_executions(cloud, job.job_id)) if members is None else members | frozenset(job.things)


def _counts(job: JobTypeDef) -> dict[str, int]:
    details: JobProcessDetailsTypeDef = job.get("jobProcessDetails", {})
    return {
        "QUEUED": details.get("numberOfQueuedThings", 0),
        "IN_PROGRESS": details.get("numberOfInProgressThings", 0),
        "SUCCEEDED": details.get("numberOfSucceededThings", 0),
        "FAILED": details.get("numberOfFailedThings", 0),
        "REJECTED": details.get("numberOfRejectedThings", 0),
        "TIMED_OUT": details.get("numberOfTimedOutThings", 0),
        "CANCELED": details.get("numberOfCanceledThings", 0),
        "REMOVED": details.get("numberOfRemovedThings", 0),
    }
