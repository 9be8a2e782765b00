"""Finds the jobs of a rollout in AWS, stage by stage, and reads them again as little as possible. Changes nothing.

A job names at most a hundred things, so a larger stage has several jobs. The first one's tag says for how many things
all of them are: a run that was interrupted goes on to make the rest.
Leaves to others: what the jobs mean (`reader`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere
from fota_operator.jobs.look_up import TAG_PLAN, TAG_ROLLOUT, TAG_STATE, TAG_THINGS, read_tags
from fota_operator.rate_limiter import RateLimiter, SystemClock, WallClock
from fota_operator.rollouts.aws.jobs import JobRead, newest_executions, read_job, things_of
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.decide.snapshot import PAUSED_CODE
from fota_operator.rollouts.plan.quotas import COMMAND_PER_SECOND, MAX_READ_AGAIN

_FEW = 10
"""Up to this many jobs are read without a pause between them."""


def is_paused(job: JobRead) -> bool:
    """Whether a pause cancelled a job."""
    return not job.running and job.reason_code == PAUSED_CODE


@dataclass
class MadeOffer:
    """The jobs that a stage was offered by at one time, in the order in which they were made.

    `total`: for how many things they are when all of them are made. Each further offer follows a pause.
    """

    total: int
    jobs: list[JobRead] = field(default_factory=list)

    @property
    def paused(self) -> bool:
        """Whether a pause cancelled any of its jobs."""
        return any(is_paused(job) for job in self.jobs)


class StageJobs:
    """The offers of each stage that has begun, by its number. The stages are numbered from 1 to `stages`."""

    def __init__(self, cloud: Cloud, stored: StoredPlan, clock: WallClock | None = None) -> None:
        self.offers: dict[int, list[MadeOffer]] = {}
        self._cloud = cloud
        self._stored = stored
        self._clock = clock or SystemClock()
        self._known: dict[str, JobRead] = {}
        self._final: set[str] = set()
        self._tags: dict[str, dict[str, str]] = {}
        self._things: dict[str, frozenset[str]] = {}
        self._looks = 0
        self._read_at: dict[str, int] = {}
        self._due: frozenset[str] = frozenset()
        self._reach = len(stored.plan.stages)

    def read(self) -> None:
        """Read every job. The first look asks for every stage, the later ones no further than one may have begun.

        A look costs a call for each of at most MAX_READ_AGAIN jobs that are known and can change.
        *Raises* CloudRefused, AlreadyThere.
        """
        self._looks += 1
        changeable = sorted(self._known.keys() - self._final, key=lambda job_id: self._read_at[job_id])
        self._due = frozenset(changeable[:MAX_READ_AGAIN])
        self._pace = RateLimiter(COMMAND_PER_SECOND, self._clock)
        last = max(self.offers, default=0)
        found = {}
        for number in range(1, self._reach + 1):
            # A stage that had no things when its successor began never gets a job.
            overtaken = number < last and number not in self.offers
            offers = [] if overtaken else self._offers_of(number)
            if offers:
                found[number] = offers
        self.offers = found
        self._reach = min(len(self._stored.plan.stages), max(found, default=0) + 1)

    def expect(self, number: int) -> None:
        """From now on look for a job of that stage, even if stages before it have none."""
        self._reach = max(self._reach, number)

    def of(self, number: int) -> list[JobRead]:
        """The jobs of a stage, in the order in which they were made."""
        return [job for offer in self.offers.get(number, ()) for job in offer.jobs]

    @property
    def all(self) -> tuple[JobRead, ...]:
        """Every job, in the order in which they were made, as last read."""
        return tuple(job for number in self.offers for job in self.of(number))

    def is_final(self, job: JobRead) -> bool:
        """Whether nothing that was read of it can change any more."""
        return job.job_id in self._final

    def state(self) -> str | None:
        """The tag that pauses or aborts the rollout. Costs one call. *Raises* CloudRefused."""
        if not self.offers:
            return None
        first = self.all[0]
        self._tags[first.job_id] = self._own_tags(first)
        return self._tags[first.job_id].get(TAG_STATE)

    def tags(self, job: JobRead) -> dict[str, str]:
        """The tags of the first job of an offer, as last read."""
        return self._tags[job.job_id]

    def size(self, job: JobRead) -> int:
        """How many things a job aims at."""
        return len(job.things) if job.group is None else self._told(job) or len(self.things(job))

    def things(self, job: JobRead) -> frozenset[str]:
        """The things that a job aims at. *Raises* CloudRefused."""
        if job.group is None:
            return frozenset(job.things)
        if job.job_id not in self._things:
            things = things_of(self._cloud, job)
            if len(things) < self._told(job):
                # A former version let things that have answered leave the group.
                things |= frozenset(newest_executions(self._cloud, job.job_id))
            self._things[job.job_id] = things
        return self._things[job.job_id]

    def _offers_of(self, number: int) -> list[MadeOffer]:
        offers: list[MadeOffer] = []
        while True:
            offer = self._offer(number, len(offers) + 1)
            if offer is None:
                return offers
            offers.append(offer)
            if not offer.paused:
                return offers

    def _offer(self, number: int, which: int) -> MadeOffer | None:
        name = self._stored.plan.name
        first = self._job(Place(name, number, which).job_id)
        if first is None:
            return None
        if first.job_id not in self._tags:
            self._tags[first.job_id] = self._own_tags(first)
        offer = MadeOffer(max(self._told(first), self.size(first)), [first])
        things = self.size(first)
        while things < offer.total:
            job = self._job(Place(name, number, which, len(offer.jobs) + 1).job_id)
            if job is None:
                break
            offer.jobs.append(job)
            things += self.size(job)
        # Counts follow a little later than the status.
        self._final.update(
            job.job_id for job in offer.jobs if job.final and sum(job.counts.values()) >= self.size(job)
        )
        return offer

    def _job(self, job_id: str) -> JobRead | None:
        known = self._known.get(job_id)
        if known is not None and job_id not in self._due:
            return known
        if len(self._known) > _FEW:
            self._pace.wait()
        job = read_job(self._cloud, job_id)
        if job is None:
            self._known.pop(job_id, None)
            return None
        self._known[job_id] = job
        self._read_at[job_id] = self._looks
        return job

    def _own_tags(self, job: JobRead) -> dict[str, str]:
        tags = read_tags(self._cloud, job.arn)
        require_own(self._stored, job.job_id, tags)
        return tags

    def _told(self, job: JobRead) -> int:
        told = self._tags.get(job.job_id, {}).get(TAG_THINGS, "")
        return int(told) if told.isdecimal() else 0


def require_own(stored: StoredPlan, job_id: str, tags: dict[str, str]) -> None:
    """*Raises* AlreadyThere unless a job of that id, with these tags, was made for the plan."""
    if tags.get(TAG_ROLLOUT) != stored.plan.name or tags.get(TAG_PLAN) != stored.digest:
        raise AlreadyThere(
            f"there is a job {job_id} that was not made for this plan of the rollout {stored.plan.name}",
            "choose another name for the rollout",
        )
