"""The status of a rollout and of its stages. Values alone.

Leaves to others: asking AWS (`reader`), judging (`next_step`), showing (`cli`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fota_operator import former_names
from fota_operator.errors import BadInput
from fota_operator.jobs.deferrals import CountedDeferrals
from fota_operator.jobs.ways import CountedWays

PENDING = ("WAITING", "QUEUED", "IN_PROGRESS")
"""The statuses of things that have not answered yet."""


def put_off(deferred: CountedDeferrals | None, counts: Mapping[str, int]) -> int:
    """How many of the things with these statuses are known to put the release off."""
    # AWS counts a little later than it lists.
    return 0 if deferred is None else min(deferred.count, counts.get("IN_PROGRESS", 0))


@dataclass(frozen=True)
class Failures:
    """Things that did not take the release for one reason. `example` is one of them, `message` its message.

    `cause`, `exit` and `error` are what devices add to `rolled-back`: why the trial was given up, how the process
    ended, and the last line of its traceback.
    """

    stage: str
    status: str
    reason: str
    count: int
    example: str
    message: str | None = None
    cause: str | None = None
    exit: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class RolloutAct:
    """What somebody did: `act` is "began", "paused", "resumed" or "aborted"; `at` or `by` None: that is not known."""

    act: str
    at: datetime | None
    by: str | None


@dataclass(frozen=True)
class MissingThing:
    """A thing that has not answered: its execution is "QUEUED" or "IN_PROGRESS"."""

    thing: str
    status: str


@dataclass(frozen=True)
class StageStatus:
    """The status of a stage. `things` is how many it has, or would have if it began now.

    `counts` is by status of each thing's newest execution; a thing without any yet counts as WAITING.
    `state`: "waiting", "running", "soaking", "passed" (the gate), "failed" (the gate cannot be passed any more),
    "paused" or "aborted". `why` says it in words. `deferred`: those IN_PROGRESS that are known to put it off.
    `missing`: those that have not answered, if others have and these are ten or less.
    """

    number: int
    name: str
    state: str
    why: str
    things: int
    counts: dict[str, int]
    job_ids: tuple[str, ...] = ()
    began_at: datetime | None = None
    gate_met_at: datetime | None = None
    deferred: CountedDeferrals | None = None
    missing: tuple[MissingThing, ...] = ()

    @property
    def put_off(self) -> int:
        """How many of its things are known to put the release off."""
        return put_off(self.deferred, self.counts)


@dataclass(frozen=True)
class RolloutStatus:
    """The status of a rollout. `state`: "running", "paused", "halted" (a gate failed), "aborted" or "done"; in a list
    of rollouts also "unreadable".

    `next` says in words what comes, or what to do; `next_at` when, if that is known; `why` what it waits for, or why
    it has ended, if it does or has. `acts` is who began it, and who paused, resumed and aborted it last; empty if it
    has not begun. `ways`: which way the image came to things that took it; None: no patches were offered.
    """

    name: str
    state: str
    next: str
    product: str
    version: str
    targets: int
    stages: tuple[StageStatus, ...]
    failures: tuple[Failures, ...] = ()
    next_at: datetime | None = None
    rate_per_minute: int = 1000
    acts: tuple[RolloutAct, ...] = ()
    why: str = ""
    ways: CountedWays | None = None

    @property
    def because(self) -> str:
        """Why it is in this state, in words; what comes next, if that alone is known."""
        return self.why or self.next

    def stage_called(self, word: str) -> StageStatus:
        """The stage of that name or number. *Raises* BadInput if no stage, or more than one, has it."""
        found = [stage for stage in self.stages if word in (stage.name, str(stage.number))]
        if not found:
            known = ", ".join(stage.name for stage in self.stages)
            raise BadInput(f"the rollout {self.name} has no stage {word}", f"it has {known}")
        if len(found) > 1:
            named, numbered = sorted(found, key=lambda stage: stage.name != word)
            raise BadInput(
                f"{word} is the name of stage {named.number} and the number of stage {numbered.name}",
                f"say {named.number} or {numbered.name}",
            )
        return found[0]


def __getattr__(name: str) -> object:
    return former_names.look_up(__name__, name)
