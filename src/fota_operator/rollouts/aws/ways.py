"""Which way the image came to the things that took it. Asks AWS about a limited number of them, and remembers.

Leaves to others: what the ways mean (`jobs.ways`).
"""

from __future__ import annotations

from collections.abc import Iterable

from fota_operator.cloud import Cloud
from fota_operator.jobs.progress import ExecutionStatus, with_details
from fota_operator.jobs.ways import CountedWays, SaidWay, counted_ways, way_in
from fota_operator.rollouts.aws.jobs import JobRead, newest_executions

MAX_ASKED = 25
"""The limit for each look: each costs a request, and AWS takes ten a second."""
MAX_LOOKED_AT = 250
"""The limit for a rollout: a sample of them says as much as all."""
_MAX_LISTED = 10
"""No more jobs than that are listed at one look."""


class WayReader:
    """Reads the ways of a rollout's things, which do not change once a thing has succeeded."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._said: dict[tuple[str, str], SaidWay | None] = {}
        self._listed: dict[str, int] = {}

    def read(self, jobs: Iterable[JobRead]) -> CountedWays | None:
        """The ways so far; None if no thing says any. *Raises* NotFound, CloudRefused."""
        every = list(jobs)
        left, listed = MAX_ASKED, 0
        for job in every:
            left = min(left, MAX_LOOKED_AT - len(self._said))
            if left <= 0 or listed >= _MAX_LISTED:
                break
            if self._listed.get(job.job_id) == job.counts["SUCCEEDED"]:
                continue
            listed += 1
            fresh = [one for one in self._succeeded(job) if (job.job_id, one.thing) not in self._said]
            for one in fresh[:left]:
                self._said[job.job_id, one.thing] = way_in(with_details(self._cloud, job.job_id, one).details)
            if len(fresh) <= left:
                self._listed[job.job_id] = job.counts["SUCCEEDED"]
            left -= min(left, len(fresh))
        said = ((thing, way) for (_, thing), way in self._said.items())
        return counted_ways(said, len(self._said), sum(job.counts["SUCCEEDED"] for job in every))

    def _succeeded(self, job: JobRead) -> list[ExecutionStatus]:
        newest = newest_executions(self._cloud, job.job_id).values()
        return sorted((one for one in newest if one.status == "SUCCEEDED"), key=lambda one: one.thing)
