"""Which things of a stage have not answered, once others have and they are few: those that it waits for.

AWS is asked only when a count of their job has changed: a stage that stands still costs nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud
from fota_operator.jobs.progress import executions_of_job
from fota_operator.rollouts.aws.jobs import JobRead
from fota_operator.rollouts.decide.status import MissingThing

if TYPE_CHECKING:
    from mypy_boto3_iot.literals import JobExecutionStatusType

MAX_NAMED = 10
"""Of more things than that, no names are read."""

_PENDING: tuple[JobExecutionStatusType, ...] = ("QUEUED", "IN_PROGRESS")


class MissingReader:
    """Reads them, and remembers those of a job until its counts change."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[str, tuple[dict[str, int], tuple[MissingThing, ...]]] = {}

    def read(self, jobs: Sequence[JobRead]) -> tuple[MissingThing, ...]:
        """Those of a stage with these jobs; none while they are many, or all. *Raises* CloudRefused.

        Costs a call for each status that a job has things in.
        """
        pending = sum(job.counts[status] for job in jobs for status in _PENDING)
        ended = sum(count for job in jobs for status, count in job.counts.items() if status not in _PENDING)
        if not ended or not 0 < pending <= MAX_NAMED:
            return ()
        return tuple(one for job in jobs for one in self._of(job))

    def _of(self, job: JobRead) -> tuple[MissingThing, ...]:
        counts, named = self._known.get(job.job_id, ({}, ()))
        if counts != job.counts:
            named = tuple(
                MissingThing(one.thing, status)
                for status in _PENDING
                if job.counts[status]
                for one in executions_of_job(self._cloud, job.job_id, status=status, most=MAX_NAMED)
            )
            self._known[job.job_id] = job.counts, named
        return named
