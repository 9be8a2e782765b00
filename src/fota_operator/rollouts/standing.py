"""How a rollout stands: values alone, as read from AWS and judged.

Leaves to others: asking AWS (`ledger`), judging (`decision`), showing (`cli`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fota_operator.errors import BadInput


@dataclass(frozen=True)
class Failures:
    """Things that did not take the release for one reason. `example` is one of them, `message` what it said."""

    stage: str
    status: str
    reason: str
    count: int
    example: str
    message: str | None = None


@dataclass(frozen=True)
class StageStanding:
    """How a stage stands. `things` is how many it has, or would have if it began now.

    `counts` is by status of each thing's newest execution; a thing without any yet counts as WAITING.
    `state`: "waiting", "running", "soaking", "passed" (the gate), "failed" (the gate cannot be passed any more),
    "paused" or "aborted". `why` says it in words.
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


@dataclass(frozen=True)
class Standing:
    """How a rollout stands. `state`: "running", "paused", "halted" (a gate failed), "aborted" or "done"; in a list
    of rollouts also "unreadable".

    `next` says in words what comes, or what to do; `next_at` when, if that is known.
    """

    name: str
    state: str
    next: str
    product: str
    version: str
    targets: int
    stages: tuple[StageStanding, ...]
    failures: tuple[Failures, ...] = ()
    next_at: datetime | None = None
    rate_per_minute: int = 1000

    def stage_called(self, word: str) -> StageStanding:
        """The stage of that name or number. *Raises* BadInput if there is none, or one of each."""
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
