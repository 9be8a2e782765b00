"""Says in words what comes next in a rollout, or what to do: after each step that may be due. Pure.

Leaves to others: which step is due (`next_step`), and why a stage stands where it does (`stage_status`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fota_operator.rollouts.decide.snapshot import (
    Aborted,
    Begin,
    Halted,
    OfferAgain,
    OfferMore,
    Paused,
    Snapshot,
    Step,
    Wait,
)
from fota_operator.rollouts.decide.stage_status import is_offerable
from fota_operator.rollouts.decide.status import StageStatus
from fota_operator.rollouts.plan.gate import in_words
from fota_operator.rollouts.plan.model import Plan


@dataclass(frozen=True)
class Facts:
    """All that a rule looks at."""

    plan: Plan
    snapshot: Snapshot
    stages: tuple[StageStatus, ...]
    now: datetime

    def first(self, state: str) -> StageStatus | None:
        """The first stage in that state."""
        return next((stage for stage in self.stages if stage.state == state), None)

    @property
    def things(self) -> int:
        """How many things the release is offered to when every stage has begun."""
        return sum(stage.things for stage in self.stages)


def coming(facts: Facts, step: Step) -> str:
    """What comes after a step, or what to do; empty if the rollout is done."""
    if isinstance(step, Begin | OfferMore | OfferAgain):
        return _announced(facts, step)
    if isinstance(step, Wait):
        return _awaited(facts, step)
    if isinstance(step, Halted):
        return _to_do(facts)
    return step.why if isinstance(step, Paused | Aborted) else ""


def _awaited(facts: Facts, step: Wait) -> str:
    stage = facts.first("running") or facts.first("soaking")
    snapshot = next((one for one in facts.snapshot.stages if one.not_offered), None)
    if snapshot is not None and step.until is not None:
        row = facts.stages[snapshot.number - 1]
        return f"{title(row)}, goes on: {things_in_words(snapshot.not_offered)} are not offered it yet"
    if stage is None:
        # It waits for the window.
        again = next((one for one in facts.snapshot.stages if is_offerable(one)), None)
        due = facts.first("waiting") if again is None else facts.stages[again.number - 1]
        return step.why if due is None else f"{title(due)}, {'begins' if again is None else 'is offered again'}"
    later = next((one for one in facts.stages[stage.number :] if one.things and one.state == "waiting"), None)
    then = "the rollout is done" if later is None else f"{title(later)}, begins"
    if stage.state == "soaking":
        return then
    gate = in_words(facts.plan.stages[stage.number - 1].gate, stage.things)
    return f"{then} when the gate of stage {stage.number} is met: {gate}"


def _to_do(facts: Facts) -> str:
    if facts.first("aborted") or facts.first("failed"):
        name = facts.plan.name
        return f"mend the release and start another rollout, or end this one with `fota rollout abort {name}`"
    if not facts.things:
        return "look at the names of the groups, and at what they hold"
    return "start another rollout, with a plan that allows as many things"


def _announced(facts: Facts, step: Begin | OfferMore | OfferAgain) -> str:
    stage = facts.stages[step.stage - 1]
    if isinstance(step, Begin):
        return f"{title(stage)}, is due: {things_in_words(stage.things)}"
    snapshot = next(snapshot for snapshot in facts.snapshot.stages if snapshot.number == step.stage)
    if isinstance(step, OfferMore):
        return f"{title(stage)}, goes on: {things_in_words(snapshot.not_offered)} are not offered it yet"
    return f"{title(stage)}, is to be offered again: {things_in_words(snapshot.offerable)}"


def things_in_words(count: int) -> str:
    """A number of things, in words."""
    return "1 thing" if count == 1 else f"{count} things"


def title(stage: StageStatus) -> str:
    """A stage by number and name, in words."""
    return f"stage {stage.number}, {stage.name}"
