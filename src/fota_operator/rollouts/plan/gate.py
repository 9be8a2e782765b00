"""The gate of a stage: what the stage must have shown before the next begins. Pure.

A gate is declared here and nowhere else. The tables and the text of a plan take its fields from `Gate`, with their
bounds and their words; the reference is generated from them; the status of a stage asks `outlook`, and the command
shows `in_words` and `FACTS`. A further condition is a field of `Gate` and a function in `_CONDITIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeVar

from fota_operator.rollouts.plan.fields import Check, flag, number, percentage, whole
from fota_operator.rollouts.plan.percent import share_of

MAX_THINGS = 10_000_000
MAX_SOAK_MINUTES = 43_200.0
"""Thirty days."""

MET, OPEN, LOST = "met", "open", "lost"
"""The states of a gate: it is met, can still be met, or cannot be met any more."""

T = TypeVar("T")


def _declared(default: T, check: Check[T], *, allowed: str, means: str, later: bool = False) -> T:
    """A field of a gate: its default, what a plan may say, and the words of the reference. `later`: see GateField."""
    declared = {"default": default, "check": check, "allowed": allowed, "means": means, "later": later}
    return field(default=default, metadata=declared)


@dataclass(frozen=True)
class Gate:
    """What a stage must have shown before the next begins; of the last stage, before the rollout is done.

    `succeeded_percent` is a share of all things of the stage, those that have not answered yet among them;
    `succeeded_least` a number of things, if the stage has as many. `soak_minutes` must pass from then on. Without
    `wait_for_deferred` things that are known to put the release off are left out of the share.
    """

    succeeded_percent: float = _declared(
        100.0,
        percentage(zero=True),
        allowed="0 to 100",
        means="the share of the stage's things that must succeed. A thing that has not answered has not succeeded",
    )
    succeeded_least: int = _declared(
        1,
        whole(1, MAX_THINGS),
        allowed="from 1",
        means="the number of things that must succeed, if the stage has that many",
    )
    soak_minutes: float = _declared(
        0.0,
        number(0, MAX_SOAK_MINUTES),
        allowed=f"0 to {MAX_SOAK_MINUTES:.0f}",
        means="the soak: how long to wait after the last of these successes before the gate is passed",
    )
    wait_for_deferred: bool = _declared(
        True,
        flag,
        allowed="true or false",
        means="whether the gate waits for things that put the release off. With false, `succeeded-percent` is the "
        "share of the other things, and things that put it off take the release later, without a gate",
        later=True,
    )


NO_GATE_OF_ITS_OWN = Gate()
"""The gate of a stage for which a plan says nothing."""


@dataclass(frozen=True)
class GateField:
    """A field of a gate, for all code that reads, writes or explains plans. `name` is as in the plan's table.

    `later`: there were plans before it, so their text, which has an own digest, says nothing of it at its default.
    """

    name: str
    attribute: str
    default: float | int
    check: Check[float | int]
    allowed: str
    means: str
    later: bool


GATE_FIELDS = tuple(GateField(one.name.replace("_", "-"), one.name, **one.metadata) for one in fields(Gate))


@dataclass(frozen=True)
class Counted:
    """How many things a stage has, how many of each status, how many may yet succeed, and how many put it off."""

    things: int
    counts: Mapping[str, int]
    open: int
    deferred: int = 0


@dataclass(frozen=True)
class Outlook:
    """Whether a gate is MET, OPEN or LOST, and what is missing in words."""

    state: str
    why: str = ""


@dataclass(frozen=True)
class Fact:
    """The gate as JSON for programs, planned for a number of things."""

    name: str
    means: str
    of: Callable[[Gate, int], float]


def needed(gate: Gate, things: int, deferred: int = 0) -> int:
    """How many of a stage's things must succeed for its gate, while this number of them put the release off."""
    # Of those that put it off only the share says nothing: the least number proves the release, and stays.
    counted = things if gate.wait_for_deferred else things - deferred
    return max(share_of(gate.succeeded_percent, counted), min(gate.succeeded_least, things))


def soak(gate: Gate, things: int) -> float:
    """How many minutes a stage with this number of things soaks; a stage without things does not soak."""
    return gate.soak_minutes if things else 0.0


def outlook(gate: Gate, counted: Counted) -> Outlook:
    """What the counts mean for the gate, without the soak time."""
    seen = [condition(gate, counted) for condition in _CONDITIONS]
    return next((one for state in (LOST, OPEN) for one in seen if one.state == state), Outlook(MET))


def in_words(gate: Gate, things: int) -> str:
    """What a stage with this number of things must show, for a table."""
    minutes = soak(gate, things)
    then = f", then {minutes:g} minutes" if minutes else ""
    of_others = "" if gate.wait_for_deferred else ", fewer if some put it off"
    return f"{needed(gate, things)} succeeded{of_others}{then}"


FACTS = (
    Fact("successes", "how many things must succeed for the gate", needed),
    Fact("soak_minutes", "the soak time in minutes, after the gate is met", soak),
)


def _successes(gate: Gate, counted: Counted) -> Outlook:
    must, succeeded = needed(gate, counted.things, counted.deferred), counted.counts.get("SUCCEEDED", 0)
    if succeeded >= must:
        return Outlook(MET)
    # At best all that put it off succeed: each of them adds a success, and at most one to those that must.
    in_the_end, possible = needed(gate, counted.things), succeeded + counted.open
    if possible < in_the_end:
        return Outlook(LOST, f"{in_the_end} of {counted.things} must succeed, and at most {possible} still can")
    return Outlook(OPEN, f"{must} must")


_CONDITIONS = (_successes,)
