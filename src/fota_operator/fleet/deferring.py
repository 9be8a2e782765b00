"""Which things put an update off, and why, by the jobs that are in progress.

AWS tells this of one job execution at a time: a bounded number of them is looked at.
Leaves to others: counting deferrals for a gate (`rollouts.aws.deferrals`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import CloudRefused
from fota_operator.jobs.progress import executions_of_job, with_details
from fota_operator.rate_limiter import JOBS_PER_SECOND, RateLimiter, WallClock

MAX_LOOKED_AT = 1000
"""Each costs a request, and AWS takes ten a second."""
MAX_JOBS = 500
_OURS = "fota-"


@dataclass(frozen=True)
class Deferring:
    """`reasons` of those that put an update off, by thing; `unlooked`: in progress, but not looked at."""

    reasons: Mapping[str, str]
    unlooked: frozenset[str]


def deferring_things(cloud: Cloud, clock: WallClock) -> Deferring:
    """Look at the executions in progress of the jobs that this package made. *Raises* CloudRefused."""
    limiter = RateLimiter(JOBS_PER_SECOND, clock)
    reasons: dict[str, str] = {}
    unlooked: set[str] = set()
    left = MAX_LOOKED_AT
    for job_id in _job_ids(cloud):
        limiter.wait()
        for execution in executions_of_job(cloud, job_id, status="IN_PROGRESS", most=MAX_LOOKED_AT):
            if left <= 0:
                unlooked.add(execution.thing)
                continue
            left -= 1
            limiter.wait()
            try:
                said = with_details(cloud, job_id, execution).deferral
            except CloudRefused:
                unlooked.add(execution.thing)
                continue
            if said is not None:
                reasons[execution.thing] = said.reason
    return Deferring(reasons, frozenset(unlooked - reasons.keys()))


def _job_ids(cloud: Cloud) -> list[str]:
    with explaining("list the jobs"):
        pages = cloud.iot.get_paginator("list_jobs").paginate(
            status="IN_PROGRESS", PaginationConfig={"PageSize": 250, "MaxItems": MAX_JOBS}
        )
        return [job["jobId"] for page in pages for job in page["jobs"] if job["jobId"].startswith(_OURS)]
