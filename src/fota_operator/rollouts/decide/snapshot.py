"""The values read from AWS about a rollout, and the steps that may be due. Values only.

Leaves to others: reading it (`reader`), judging it (`next_step`), doing what is due (`run`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fota_operator.jobs.deferrals import CountedDeferrals
from fota_operator.jobs.ways import CountedWays
from fota_operator.rollouts.decide.status import Failures, MissingThing, RolloutAct, RolloutStatus, put_off

PAUSED_CODE = "FOTA_PAUSED"
"""The `reasonCode` of a CancelJob that pauses. It distinguishes a pause from AWS's abort rule, also after a crash."""
ABORTED_CODE = "FOTA_ABORTED"
"""The `reasonCode` of a CancelJob that aborts for good."""
GATE_CODE = "FOTA_GATE_FAILED"
"""The `reasonCode` of a CancelJob because the stage's gate cannot be met any more."""
RULE_CODE = "FOTA_ABORT_RULE"
"""The `reasonCode` of a CancelJob because of the plan's abort rules: another job of the stage, or all together."""


@dataclass(frozen=True)
class JobSnapshot:
    """A job of a stage. `status` is AWS's; `reason_code` that of its CancelJob; AWS's abort rule has its own code.

    `completed_at` matters only if it is COMPLETED: its counts may follow a little later. None means they are final.
    `part`: its number among the jobs that were made for one offer; with 1 another offer begins.
    """

    job_id: str
    status: str
    created_at: datetime
    reason_code: str | None = None
    completed_at: datetime | None = None
    part: int = 1


@dataclass(frozen=True)
class StageSnapshot:
    """A stage that has begun.

    `jobs` are in the order in which they were made. `things` is how many things they aim at, each counted once;
    left out are those that a pause left unanswered and that are no targets any more.
    `counts` has the status of the newest execution of each of these things, as far as there is one.
    `succeeded_at` is when the successes came in, in any order; None when it was not asked for (see `needs_times`).
    `offerable` is how many of the things, after a pause, are still targets and have no answer: their newest execution
    is CANCELED, or QUEUED and about to be, or there is none. It is 0 unless a job of the newest offer was paused.
    `not_offered` is how many of the things no job was made for yet, of the `offer_total` of the newest offer.
    `deferred` is how many of those IN_PROGRESS are known to put the release off; None: none.
    `missing` names those that have not answered, if others have and these are few.
    """

    number: int
    jobs: tuple[JobSnapshot, ...]
    things: int
    counts: dict[str, int]
    succeeded_at: tuple[datetime, ...] | None = None
    offerable: int = 0
    deferred: CountedDeferrals | None = None
    not_offered: int = 0
    offer_total: int = 0
    missing: tuple[MissingThing, ...] = ()

    @property
    def newest(self) -> tuple[JobSnapshot, ...]:
        """The jobs of the newest offer."""
        first = max(place for place, job in enumerate(self.jobs) if job.part == 1)
        return self.jobs[first:]

    @property
    def put_off(self) -> int:
        """How many of its things are known to put the release off."""
        return put_off(self.deferred, self.counts)


@dataclass(frozen=True)
class Snapshot:
    """A rollout as AWS has it. `stages` are those that have a job, by number; an empty stage never gets one.

    `targets` is how many things the plan's things and groups are now, before its share; `offered_targets` how many of
    these a job of the rollout aims at. `tag` is the tag `fota:state`: "paused", "aborted" or None.
    """

    product: str
    version: str
    targets: int
    offered_targets: int
    stages: tuple[StageSnapshot, ...] = ()
    tag: str | None = None
    failures: tuple[Failures, ...] = ()
    acts: tuple[RolloutAct, ...] = ()
    ways: CountedWays | None = None


@dataclass(frozen=True)
class Begin:
    """Make the first job of a stage, now."""

    stage: int


@dataclass(frozen=True)
class OfferMore:
    """Make further jobs of a stage, now: for things that none was made for yet. At most `jobs`, from `part` on."""

    stage: int
    part: int
    jobs: int


@dataclass(frozen=True)
class OfferAgain:
    """Make a further job of a stage, now: for those of its things that a pause left without an answer."""

    stage: int


@dataclass(frozen=True)
class Wait:
    """Nothing is due before `until`; None means before devices have answered."""

    until: datetime | None
    why: str


@dataclass(frozen=True)
class Paused:
    """Nothing is due until somebody resumes it."""

    why: str


@dataclass(frozen=True)
class Halted:
    """Nothing will be due by itself: a gate failed, a job was cancelled, or there are no targets or too many."""

    why: str


@dataclass(frozen=True)
class Aborted:
    """Nothing will ever be due: somebody aborted it."""

    why: str


@dataclass(frozen=True)
class Done:
    """Nothing will ever be due: every gate is passed."""

    why: str


Step = Begin | OfferMore | OfferAgain | Wait | Paused | Halted | Aborted | Done


@dataclass(frozen=True)
class Decision:
    """The status of a rollout, and the one step that is due."""

    status: RolloutStatus
    step: Step
