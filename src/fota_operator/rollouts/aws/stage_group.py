"""The thing groups that former versions made for stages of more than a hundred things; deleted when not needed.

Jobs name their things now, and no group is made any more (ADR 21).
"""

from __future__ import annotations

from collections.abc import Iterable

from fota_operator.cloud import Cloud, explaining
from fota_operator.rollouts.aws.jobs import JobRead


def delete_groups(cloud: Cloud, jobs: Iterable[JobRead]) -> None:
    """Delete the groups of jobs that cannot change any more. *Raises* CloudRefused."""
    for job in jobs:
        if job.group == job.job_id and job.final:
            with explaining(f"delete the thing group {job.group}"):
                cloud.iot.delete_thing_group(thingGroupName=job.group)
