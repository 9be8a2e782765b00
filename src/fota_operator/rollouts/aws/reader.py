"""Reads the snapshot of a rollout from AWS with few calls: what cannot change any more is read once.

Leaves to others: what it means (`decide.next_step`), doing something about it (`run`, `control`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere
from fota_operator.jobs.look_up import TAG_PLAN, TAG_ROLLOUT, TAG_STATE, TAG_THINGS, read_tags
from fota_operator.jobs.progress import FAILURES, ExecutionStatus
from fota_operator.rollouts.aws.acts import acts_in
from fota_operator.rollouts.aws.deferrals import MAX_ASKED, MAX_ASKED_FOR_GATE, DeferralReader
from fota_operator.rollouts.aws.failures import FailureReader
from fota_operator.rollouts.aws.jobs import JobRead, newest_executions, read_job, things_of
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.aws.targets import current_targets
from fota_operator.rollouts.decide.next_step import needs_times
from fota_operator.rollouts.decide.snapshot import PAUSED_CODE, JobSnapshot, Snapshot, StageSnapshot
from fota_operator.rollouts.decide.status import RolloutAct

_UNANSWERED = (None, "CANCELED", "QUEUED")
"""The statuses without an answer in a job that a pause cancelled: what is QUEUED there is about to be CANCELED."""


class SnapshotReader:
    """One rollout, as AWS has it."""

    def __init__(self, cloud: Cloud, stored: StoredPlan) -> None:
        self.stored = stored
        self._cloud = cloud
        self._plan = stored.plan
        self._failures = FailureReader(cloud)
        self._deferrals = DeferralReader(cloud)
        self._jobs: dict[int, list[JobRead]] = {}
        self._final: dict[str, JobRead] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._things: dict[str, frozenset[str]] = {}
        self._listed: dict[str, dict[str, ExecutionStatus]] = {}
        self._times: dict[int, tuple[datetime, ...]] = {}
        self._targets: frozenset[str] | None = None
        self._gone: set[str] = set()
        self._reach = len(self._plan.stages)

    def read(self, *, fresh: bool = False) -> Snapshot:
        """Read the snapshot. The targets are read again only if `fresh`. *Raises* NotFound, CloudRefused."""
        self._read_jobs()
        if fresh:
            self._targets = None
        tag = self._state()
        stages = tuple(self._stage(number, jobs) for number, jobs in self._jobs.items())
        targets, offered_targets = self._offered_targets(stages)
        return Snapshot(
            product=self.stored.product,
            version=self.stored.version,
            targets=targets,
            offered_targets=offered_targets,
            stages=stages,
            tag=tag,
            acts=self._acts(),
            failures=tuple(
                failure
                for number, jobs in self._jobs.items()
                for failure in self._failures.read(self._plan.stages[number - 1].name, jobs)
            ),
        )

    def read_jobs(self) -> tuple[JobRead, ...]:
        """Read the jobs alone: a call for each, two for one that is new here. *Raises* AlreadyThere, CloudRefused."""
        self._read_jobs()
        return self.jobs

    @property
    def jobs(self) -> tuple[JobRead, ...]:
        """Every job, in the order in which they were made, as last read."""
        return tuple(job for jobs in self._jobs.values() for job in jobs)

    @property
    def first_tags(self) -> dict[str, str]:
        """The tags of the first job, as last read; there must be one."""
        return self._tags[self.jobs[0].job_id]

    def targets(self) -> frozenset[str]:
        """The things that are targets now, before the plan's share. *Raises* NotFound, CloudRefused."""
        if self._targets is None:
            self._targets = current_targets(self._cloud, self._plan.targets)
        return self._targets - self._gone

    def forget(self, things: Iterable[str]) -> None:
        """From now on do not count these as targets: they are not registered any more."""
        self._gone.update(things)

    def expect(self, number: int) -> None:
        """From now on look for a job of that stage, even if stages before it have none."""
        self._reach = max(self._reach, number)

    def offered(self) -> frozenset[str]:
        """All things that a job of the rollout aims at."""
        return frozenset().union(*(self._things_of(jobs[0]) for jobs in self._jobs.values()))

    def unanswered(self, number: int) -> frozenset[str]:
        """The things of a stage that a pause left without an answer, and that are still targets."""
        jobs = self._jobs[number]
        newest = self._newest(jobs)
        return frozenset(
            thing for thing in self._things_of(jobs[0]) & self.targets() if newest.get(thing) in _UNANSWERED
        )

    def next_place(self, number: int) -> Place:
        """The place of the next job of a stage."""
        return Place(self._plan.name, number, len(self._jobs.get(number, ())) + 1)

    def _read_jobs(self) -> None:
        """Every job. The first look asks for every stage, the later ones no further than one may have begun."""
        last = max(self._jobs, default=0)
        found = {}
        for number in range(1, self._reach + 1):
            # A stage that had no things when its successor began never gets a job.
            overtaken = number < last and number not in self._jobs
            jobs = [] if overtaken else self._jobs_of(number)
            if jobs:
                found[number] = jobs
        self._jobs = found
        self._reach = min(len(self._plan.stages), max(found, default=0) + 1)

    def _jobs_of(self, number: int) -> list[JobRead]:
        jobs: list[JobRead] = []
        while True:
            job = self._job(Place(self._plan.name, number, len(jobs) + 1).job_id)
            if job is None:
                return jobs
            jobs.append(job)
            if not _paused(job):
                return jobs

    def _job(self, job_id: str) -> JobRead | None:
        if job_id in self._final:
            return self._final[job_id]
        job = read_job(self._cloud, job_id)
        if job is None:
            return None
        if job_id not in self._tags:
            self._tags[job_id] = self._own_tags(job)
        # Counts follow a little later than the status.
        if job.final and sum(job.counts.values()) >= self._size(job):
            self._final[job_id] = job
        return job

    def _own_tags(self, job: JobRead) -> dict[str, str]:
        tags = read_tags(self._cloud, job.arn)
        require_own(self.stored, job.job_id, tags)
        return tags

    def _state(self) -> str | None:
        if not self._jobs:
            return None
        first = self.jobs[0]
        self._tags[first.job_id] = self._own_tags(first)
        return self._tags[first.job_id].get(TAG_STATE)

    def _acts(self) -> tuple[RolloutAct, ...]:
        return acts_in(self.first_tags, self.jobs[0].created_at) if self._jobs else ()

    def _size(self, job: JobRead) -> int:
        """How many things a job aims at."""
        if job.group is None:
            return len(job.things)
        told = self._tags[job.job_id].get(TAG_THINGS, "")
        return int(told) if told.isdecimal() else len(self._things_of(job))

    def _stage(self, number: int, jobs: list[JobRead]) -> StageSnapshot:
        newest = jobs[-1]
        counts: Counter[str] = Counter()
        for job in jobs[:-1]:
            counts.update(job.answered)
        things = sum(counts.values()) + self._size(newest)
        offerable = 0
        if _paused(newest):
            counts, offerable = self._counts_after_pause(number)
            answered = sum(count for status, count in counts.items() if status not in _UNANSWERED)
            things = answered + offerable
        elif self._plan.retries and any(newest.counts[status] for status in FAILURES):
            # AWS counts executions, and each further try is an execution.
            counts.update(one.status for one in newest_executions(self._cloud, newest.job_id).values())
        else:
            counts.update(newest.counts)
        stage = StageSnapshot(
            number=number,
            jobs=tuple(
                JobSnapshot(job.job_id, job.status, job.created_at, job.reason_code, job.completed_at) for job in jobs
            ),
            things=things,
            counts=dict(+counts),
            offerable=offerable,
            deferred=self._deferrals.read(jobs, MAX_ASKED if self._waits(number) else MAX_ASKED_FOR_GATE),
        )
        return replace(stage, succeeded_at=self._succeeded_at(stage, jobs))

    def _waits(self, number: int) -> bool:
        """Whether the gate of a stage waits for the things that put the release off."""
        return self._plan.stages[number - 1].gate.wait_for_deferred

    def _counts_after_pause(self, number: int) -> tuple[Counter[str], int]:
        unanswered = self.unanswered(number)
        newest = self._newest(self._jobs[number])
        counted = (status for thing, status in newest.items() if status not in _UNANSWERED or thing in unanswered)
        return Counter(counted), len(unanswered)

    def _succeeded_at(self, stage: StageSnapshot, jobs: list[JobRead]) -> tuple[datetime, ...] | None:
        """AWS is asked once when the gate is met: later successes do not change that moment.

        If the gate left things out, it may need more successes later, and is asked again.
        """
        number, succeeded = stage.number, stage.counts.get("SUCCEEDED", 0)
        if number < max(self._jobs) or not needs_times(self._plan, number, stage.things, succeeded, stage.put_off):
            return None
        if number in self._times and (self._waits(number) or len(self._times[number]) >= succeeded):
            return self._times[number]
        times = tuple(
            one.last_updated_at
            for job in jobs
            for one in self._executions(job).values()
            if one.status == "SUCCEEDED" and one.last_updated_at is not None
        )
        if len(times) >= succeeded:
            self._times[number] = times
        return times

    def _newest(self, jobs: list[JobRead]) -> dict[str, str]:
        """The status of the newest execution of each thing, over all jobs of a stage."""
        newest: dict[str, str] = {}
        for job in jobs:
            newest |= {one.thing: one.status for one in self._executions(job).values()}
        return newest

    def _executions(self, job: JobRead) -> dict[str, ExecutionStatus]:
        if job.job_id in self._listed:
            return self._listed[job.job_id]
        listed = newest_executions(self._cloud, job.job_id)
        if job.job_id in self._final:
            self._listed[job.job_id] = listed
        return listed

    def _offered_targets(self, stages: tuple[StageSnapshot, ...]) -> tuple[int, int]:
        """How many targets there are, and how many of them were offered the release."""
        if len(self._plan.stages) in self._jobs:
            # No stage is left to begin: the targets of now make no difference.
            offered = sum(stage.things for stage in stages)
            return offered, offered
        targets = self.targets()
        return len(targets), len(targets & self.offered())

    def _things_of(self, job: JobRead) -> frozenset[str]:
        if job.job_id not in self._things:
            things = things_of(self._cloud, job)
            told = self._tags.get(job.job_id, {}).get(TAG_THINGS, "")
            if job.group is not None and told.isdecimal() and len(things) < int(told):
                # Things that have answered may have left the group, to make room for that of another rollout.
                things |= frozenset(newest_executions(self._cloud, job.job_id))
            self._things[job.job_id] = things
        return self._things[job.job_id]


def require_own(stored: StoredPlan, job_id: str, tags: dict[str, str]) -> None:
    """*Raises* AlreadyThere unless a job of that id, with these tags, was made for the plan."""
    if tags.get(TAG_ROLLOUT) != stored.plan.name or tags.get(TAG_PLAN) != stored.digest:
        raise AlreadyThere(
            f"there is a job {job_id} that was not made for this plan of the rollout {stored.plan.name}",
            "choose another name for the rollout",
        )


def _paused(job: JobRead) -> bool:
    return not job.running and job.reason_code == PAUSED_CODE
