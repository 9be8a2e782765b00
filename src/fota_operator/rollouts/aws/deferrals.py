"""How many things put the release off, and why. Asks AWS about a limited number of them at each look.

A thing that puts an update off is quiet: it says so again once in hours. So the quietest are asked first, and one
that has said nothing new is not asked again. Leaves to others: what follows for a gate (`decide`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from fota_operator.cloud import Cloud
from fota_operator.jobs.deferrals import CountedDeferrals, counted
from fota_operator.jobs.look_up import signed_within_s
from fota_operator.jobs.progress import ExecutionStatus, executions_of_job, with_details
from fota_operator.rollouts.aws.jobs import JobRead

MAX_ASKED = 25
"""The limit for each look at a stage: each costs a request, and AWS takes ten a second."""
MAX_ASKED_FOR_GATE = 100
"""The same where a gate leaves these things out: what is not looked at is waited for."""
MAX_LISTED = 1000
"""How many things of a job that are in progress are listed: a call for 250."""

MAX_JOBS_LISTED = 10
"""In how many jobs of a stage that is looked for at one look; those that were not listed for longest come first."""

_Key = tuple[str, int, datetime | None]
_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


class DeferralReader:
    """Reads deferrals, and remembers what each thing said until it says something new."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._said: dict[str, dict[_Key, ExecutionStatus]] = {}
        self._listed_at: dict[str, int] = {}
        self._listings = 0
        self._within_s: int | None = None
        self._knows_within = False

    def read(self, jobs: Sequence[JobRead], most: int = MAX_ASKED) -> CountedDeferrals | None:
        """The deferrals of a stage; None if no thing that was looked at puts it off. *Raises* CloudRefused."""
        found: list[ExecutionStatus] = []
        in_question = [job.job_id for job in jobs if job.counts["IN_PROGRESS"]]
        in_question.sort(key=lambda job_id: self._listed_at.get(job_id, 0))
        for place, job_id in enumerate(in_question):
            if place < MAX_JOBS_LISTED:
                found += self._looked_at(job_id, most - len(found))
            else:
                found += self._said.get(job_id, {}).values()
        if all(one.deferral is None for one in found):
            return None
        in_progress = sum(job.counts["IN_PROGRESS"] for job in jobs)
        said = [(one.thing, one.queued_at, one.deferral) for one in found]
        return counted(said, in_progress, self._signed_within_s(jobs[0].job_id))

    def _looked_at(self, job_id: str, most: int) -> list[ExecutionStatus]:
        self._listings += 1
        self._listed_at[job_id] = self._listings
        listed = executions_of_job(self._cloud, job_id, status="IN_PROGRESS", most=MAX_LISTED)
        listed.sort(key=lambda one: (one.last_updated_at or _LONG_AGO, one.thing))
        before = self._said.get(job_id, {})
        said: dict[_Key, ExecutionStatus] = {}
        for one in listed:
            key = (one.thing, one.execution_number, one.last_updated_at)
            if key in before:
                said[key] = before[key]
            elif most > 0:
                most -= 1
                said[key] = with_details(self._cloud, job_id, one)
        self._said[job_id] = said
        return list(said.values())

    def _signed_within_s(self, job_id: str) -> int | None:
        """For how long the release lets a device put it off: every job of a rollout has the same document."""
        if not self._knows_within:
            self._within_s, self._knows_within = signed_within_s(self._cloud, job_id), True
        return self._within_s
