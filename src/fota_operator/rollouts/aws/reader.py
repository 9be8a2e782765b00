"""Reads the snapshot of a rollout from AWS with few calls: what cannot change any more is read once.

Counts are AWS's own, from one call for a job; executions are listed only where names or times are needed.
Leaves to others: what it means (`decide.next_step`), doing something about it (`run`, `control`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fota_operator.cloud import Cloud
from fota_operator.jobs.progress import FAILURES, ExecutionStatus
from fota_operator.rate_limiter import WallClock
from fota_operator.rollouts.aws.acts import acts_in
from fota_operator.rollouts.aws.deferrals import MAX_ASKED, MAX_ASKED_FOR_GATE, DeferralReader
from fota_operator.rollouts.aws.failures import FailureReader
from fota_operator.rollouts.aws.jobs import JobRead, newest_executions
from fota_operator.rollouts.aws.missing import MissingReader
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.aws.stage_jobs import MadeOffer, StageJobs, is_paused
from fota_operator.rollouts.aws.targets import current_targets
from fota_operator.rollouts.aws.ways import WayReader
from fota_operator.rollouts.decide.next_step import needs_times
from fota_operator.rollouts.decide.snapshot import JobSnapshot, Snapshot, StageSnapshot
from fota_operator.rollouts.decide.stages import ordered
from fota_operator.rollouts.decide.status import RolloutAct

_UNANSWERED = ("CANCELED", "QUEUED")
"""The statuses without an answer in a job that a pause cancelled: what is QUEUED there is about to be CANCELED."""


class SnapshotReader:
    """One rollout, as AWS has it."""

    def __init__(self, cloud: Cloud, stored: StoredPlan, clock: WallClock | None = None) -> None:
        self.stored = stored
        self._cloud = cloud
        self._plan = stored.plan
        self._failures = FailureReader(cloud)
        self._deferrals = DeferralReader(cloud)
        self._ways = WayReader(cloud)
        self._missing = MissingReader(cloud)
        self._stages = StageJobs(cloud, stored, clock)
        self._listed: dict[str, tuple[JobRead, dict[str, ExecutionStatus]]] = {}
        self._times: dict[int, tuple[datetime, ...]] = {}
        self._targets: frozenset[str] | None = None
        self._gone: set[str] = set()

    def read(self, *, fresh: bool = False) -> Snapshot:
        """Read the snapshot. The targets are read again only if `fresh`. *Raises* NotFound, CloudRefused."""
        self._stages.read()
        if fresh:
            self._targets = None
        tag = self._stages.state()
        stages = tuple(self._stage(number, offers) for number, offers in self._stages.offers.items())
        targets, offered_targets = self._offered_targets(stages)
        return Snapshot(
            product=self.stored.product,
            version=self.stored.version,
            targets=targets,
            offered_targets=offered_targets,
            stages=stages,
            tag=tag,
            acts=self._acts(),
            ways=None if self._plan.patches is None else self._ways.read(self.jobs),
            failures=tuple(
                failure
                for number in self._stages.offers
                for failure in self._failures.read(self._plan.stages[number - 1].name, self._stages.of(number))
            ),
        )

    def read_jobs(self) -> tuple[JobRead, ...]:
        """Read the jobs alone: a call for each, two for one that is new here. *Raises* AlreadyThere, CloudRefused."""
        self._stages.read()
        return self.jobs

    @property
    def jobs(self) -> tuple[JobRead, ...]:
        """Every job, in the order in which they were made, as last read."""
        return self._stages.all

    @property
    def first_tags(self) -> dict[str, str]:
        """The tags of the first job, as last read; there must be one."""
        return self._stages.tags(self.jobs[0])

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
        self._stages.expect(number)

    def offered(self) -> frozenset[str]:
        """All things that a job of the rollout aims at."""
        return frozenset().union(*(self._stages.things(job) for job in self.jobs))

    def unanswered(self, number: int) -> frozenset[str]:
        """The things of a stage that a pause left without an answer, and that are still targets."""
        stopped: set[str] = set()
        for job in self._stages.of(number):
            things = self._stages.things(job)
            stopped -= things
            if is_paused(job):
                newest = self._executions(job)
                stopped |= {one for one in things if one not in newest or newest[one].status in _UNANSWERED}
        return self.targets() & stopped if stopped else frozenset()

    def due(self, number: int) -> tuple[str, ...]:
        """The things of a stage that has begun for which a job is to be made, in their order.

        They are those that a pause left without an answer, and those whose job was not made yet.
        """
        newest = self._stages.offers[number][-1]
        unanswered = self.unanswered(number)
        left = self._left(newest) + len(unanswered & self._things_of(newest))
        fresh = self.targets() - self.offered() if left > len(unanswered) else frozenset()
        name = self._plan.name
        return (*ordered(name, unanswered), *ordered(name, fresh))[:left]

    def offer_total(self, number: int) -> int:
        """For how many things the newest offer of a stage is."""
        return self._stages.offers[number][-1].total

    def next_place(self, number: int, *, again: bool = False) -> Place:
        """The place of the next job of a stage; with `again` it begins another offer."""
        offers = self._stages.offers.get(number, [])
        if not offers or again:
            return Place(self._plan.name, number, len(offers) + 1)
        return Place(self._plan.name, number, len(offers), len(offers[-1].jobs) + 1)

    def _left(self, offer: MadeOffer) -> int:
        """For how many things jobs of an offer are still to be made, if there are as many things."""
        return max(0, offer.total - sum(self._stages.size(job) for job in offer.jobs))

    def _things_of(self, offer: MadeOffer) -> frozenset[str]:
        return frozenset().union(*(self._stages.things(job) for job in offer.jobs))

    def _acts(self) -> tuple[RolloutAct, ...]:
        return acts_in(self.first_tags, self.jobs[0].created_at) if self.jobs else ()

    def _stage(self, number: int, offers: list[MadeOffer]) -> StageSnapshot:
        *earlier, newest = offers
        unanswered = self.unanswered(number) if newest.paused else frozenset()
        counts: Counter[str] = Counter()
        for offer in earlier:
            for job in offer.jobs:
                counts.update(job.answered)
        things = sum(counts.values())
        for job in newest.jobs:
            found, size = self._counts(job, unanswered)
            counts.update(found)
            things += size
        left = self._not_offered(number, newest)
        stage = StageSnapshot(
            number=number,
            jobs=tuple(
                JobSnapshot(job.job_id, job.status, job.created_at, job.reason_code, job.completed_at, part)
                for offer in offers
                for part, job in enumerate(offer.jobs, start=1)
            ),
            things=things + left,
            counts=dict(+counts),
            offerable=len(unanswered & self._things_of(newest)) + left if newest.paused else 0,
            deferred=self._deferrals.read(
                self._stages.of(number), MAX_ASKED if self._waits(number) else MAX_ASKED_FOR_GATE
            ),
            not_offered=left,
            offer_total=newest.total,
            missing=self._missing.read(newest.jobs),
        )
        return replace(stage, succeeded_at=self._succeeded_at(stage))

    def _counts(self, job: JobRead, unanswered: frozenset[str]) -> tuple[Counter[str], int]:
        """The statuses of the things of a job of the newest offer, and how many things these are."""
        if is_paused(job):
            # A thing that left the targets during a pause is not offered the release again: it does not count.
            counts = Counter(
                one.status
                for thing, one in self._executions(job).items()
                if one.status not in _UNANSWERED or thing in unanswered
            )
            answered = sum(count for status, count in counts.items() if status not in _UNANSWERED)
            return counts, answered + len(unanswered & self._stages.things(job))
        if self._plan.retries and any(job.counts[status] for status in FAILURES):
            # AWS counts executions, and each further try is an execution.
            return Counter(one.status for one in self._executions(job).values()), self._stages.size(job)
        return Counter(job.counts), self._stages.size(job)

    def _not_offered(self, number: int, newest: MadeOffer) -> int:
        """How many things of a stage no job was made for yet."""
        left = self._left(newest)
        if not left or number < max(self._stages.offers):
            return 0
        earlier = self.unanswered(number) - self._things_of(newest)
        return min(left, len(earlier) + len(self.targets() - self.offered()))

    def _waits(self, number: int) -> bool:
        """Whether the gate of a stage waits for the things that put the release off."""
        return self._plan.stages[number - 1].gate.wait_for_deferred

    def _succeeded_at(self, stage: StageSnapshot) -> tuple[datetime, ...] | None:
        """AWS is asked once when the gate is met: later successes do not change that moment.

        If the gate left things out, it may need more successes later, and is asked again.
        """
        number, succeeded = stage.number, stage.counts.get("SUCCEEDED", 0)
        newest = number == max(self._stages.offers)
        if not newest or not needs_times(self._plan, number, stage.things, succeeded, stage.put_off):
            return None
        if number in self._times and (self._waits(number) or len(self._times[number]) >= succeeded):
            return self._times[number]
        times = tuple(
            one.last_updated_at
            for job in self._stages.of(number)
            for one in self._executions(job).values()
            if one.status == "SUCCEEDED" and one.last_updated_at is not None
        )
        if len(times) >= succeeded:
            self._times[number] = times
        return times

    def _executions(self, job: JobRead) -> dict[str, ExecutionStatus]:
        """The newest execution of each thing of a job: listed once for each time that the job is read."""
        known = self._listed.get(job.job_id)
        if known is None or known[0] is not job:
            known = self._listed[job.job_id] = (job, newest_executions(self._cloud, job.job_id))
        return known[1]

    def _offered_targets(self, stages: tuple[StageSnapshot, ...]) -> tuple[int, int]:
        """How many targets there are, and how many of them were offered the release."""
        if len(self._plan.stages) in self._stages.offers:
            # No stage is left to begin: the targets of now make no difference.
            offered = sum(stage.things for stage in stages)
            return offered, offered
        targets = self.targets()
        return len(targets), len(targets & self.offered())
