"""Which rollouts of a product have begun, in their order, and which things took what. Changes nothing.

Leaves to others: what follows from it (`revert`, `retry`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput, NotFound
from fota_operator.rollouts.aws.jobs import JobRead, newest_executions
from fota_operator.rollouts.aws.plan_store import StoredPlan, find_plan, load_plan, stored_names
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.plan.limits import MAX_NAME_CHARACTERS

MAX_FOLLOWERS = 99
"""How often a rollout may be reverted or offered again."""
_MARK_CHARACTERS = 8


@dataclass(frozen=True)
class BegunRollout:
    """A rollout that has jobs, in the order in which they were made."""

    stored: StoredPlan
    jobs: tuple[JobRead, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.stored.plan.name

    @property
    def began_at(self) -> datetime:
        """When its first job was made, by AWS's clock."""
        return self.jobs[0].created_at

    @property
    def late(self) -> int:
        """How many things have no answer yet: they may still take the release."""
        return sum(job.counts["QUEUED"] + job.counts["IN_PROGRESS"] for job in self.jobs)

    @property
    def succeeded(self) -> int:
        """How many executions succeeded."""
        return sum(job.counts["SUCCEEDED"] for job in self.jobs)


def begun(cloud: Cloud, name: str, bucket: str | None) -> BegunRollout:
    """The rollout of that name. *Raises* NotFound, BadInput if it has not begun, CloudRefused."""
    stored = load_plan(cloud, name, bucket)
    jobs = SnapshotReader(cloud, stored).read_jobs()
    if not jobs:
        raise BadInput(f"the rollout {name} has not begun", "no thing has its release from it")
    return BegunRollout(stored, jobs)


def begun_of_product(cloud: Cloud, product: str, bucket: str | None) -> list[BegunRollout]:
    """Those rollouts of a product that have begun, the earliest first.

    Costs a call for each rollout of the bucket, and some for each of the product. *Raises* NotFound, CloudRefused.
    """
    found = []
    for name in stored_names(cloud, bucket):
        try:
            stored = find_plan(cloud, name, bucket)
            if stored is not None and stored.product == product:
                jobs = SnapshotReader(cloud, stored).read_jobs()
                if jobs:
                    found.append(BegunRollout(stored, jobs))
        except (AlreadyThere, BadInput, NotFound):
            # One rollout with a damaged plan, or with jobs that are not its own, must not stop the others.
            continue
    return sorted(found, key=lambda one: (one.began_at, one.name))


def succeeded_things(cloud: Cloud, jobs: Iterable[JobRead]) -> Iterator[str]:
    """The things whose newest execution of one of these jobs SUCCEEDED. Costs a call for 250."""
    for job in jobs:
        if job.counts["SUCCEEDED"]:
            for thing, one in newest_executions(cloud, job.job_id).items():
                if one.status == "SUCCEEDED":
                    yield thing


def followers(cloud: Cloud, name: str, word: str, bucket: str | None) -> tuple[list[StoredPlan], str]:
    """The rollouts `NAME-WORD`, `NAME-WORD-2` and so on that are there, and the name of the next one.

    *Raises* BadInput after MAX_FOLLOWERS.
    """
    found: list[StoredPlan] = []
    while len(found) < MAX_FOLLOWERS:
        following = follower_name(name, word, len(found) + 1)
        stored = find_plan(cloud, following, bucket)
        if stored is None:
            return found, following
        found.append(stored)
    raise BadInput(f"the rollout {name} was followed {MAX_FOLLOWERS} times", "begin one of another name")


def follower_name(name: str, word: str, number: int = 1) -> str:
    """The name of a rollout that follows another one: short enough, and each name has its own."""
    ending = f"-{word}" if number == 1 else f"-{word}-{number}"
    if len(name) + len(ending) <= MAX_NAME_CHARACTERS:
        return name + ending
    mark = sha256(name.encode()).hexdigest()[:_MARK_CHARACTERS]
    return f"{name[: MAX_NAME_CHARACTERS - len(ending) - _MARK_CHARACTERS - 1].rstrip('-')}-{mark}{ending}"


def require_things(things: Iterable[str], name: str, why: str) -> tuple[str, ...]:
    """The things, sorted. *Raises* BadInput if there are none."""
    found = tuple(sorted(set(things)))
    if not found:
        raise BadInput(f"no thing {why} the rollout {name}", "there is nothing to do")
    return found
