"""The things of a stage, their order, and how long the stage takes. Pure.

The order is by SHA-256 of the rollout's name and the thing's name: it is the same on every machine, nobody chose it,
and no two rollouts begin with the same things.
Leaves to others: which things are targets (`targets`), and when a stage begins (`next_step`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from fota_operator.rollouts.plan.cost import RolloutCost, StageSize, cost_of
from fota_operator.rollouts.plan.gate import Gate, needed, soak
from fota_operator.rollouts.plan.model import Plan, Stage
from fota_operator.rollouts.plan.percent import share_of
from fota_operator.rollouts.plan.quotas import ProgressReports, progress_reports


@dataclass(frozen=True)
class PlannedStage:
    """A stage as it would be if the whole rollout began now and every gate was met without delay.

    `minutes` is how long it takes at least: to offer the release at the rate, and to soak.
    """

    number: int
    name: str
    things: tuple[str, ...]
    rate_per_minute: int
    gate: Gate
    minutes: float

    @property
    def successes(self) -> int:
        """How many things must succeed for its gate."""
        return needed(self.gate, len(self.things))

    @property
    def soak_minutes(self) -> float:
        """For how many minutes it soaks when its gate is met."""
        return soak(self.gate, len(self.things))


def planned(plan: Plan, targets: Iterable[str]) -> tuple[PlannedStage, ...]:
    """The stages of a rollout that has not begun."""
    rows: list[PlannedStage] = []
    current = list(targets)
    offered: set[str] = set()
    for number, stage in enumerate(plan.stages, start=1):
        things = split(plan, number, current, offered)
        offered.update(things)
        rows.append(
            PlannedStage(
                number=number,
                name=stage.name,
                things=things,
                rate_per_minute=rate(plan, stage),
                gate=stage.gate,
                minutes=least_minutes(plan, stage, len(things)),
            )
        )
    return tuple(rows)


def split(plan: Plan, number: int, targets: Iterable[str], offered: Collection[str]) -> tuple[str, ...]:
    """The things that stage `number` offers the release to if it begins now, in their order.

    `targets` are the things that the plan's things and groups are now, before its share; `offered` all that earlier
    stages aimed at, including things that are not targets any more: they are not offered it again.
    """
    current = ordered(plan.name, targets)
    aimed_at = frozenset(offered)
    fresh = [thing for thing in current if thing not in aimed_at]
    return tuple(fresh[: room(plan, number, len(current), len(current) - len(fresh))])


def ordered(name: str, things: Iterable[str]) -> list[str]:
    """Things, each once, in the order in which the rollout `name` takes them."""
    return sorted(set(things), key=lambda thing: sha256(f"{name}/{thing}".encode()).digest())


def room(plan: Plan, number: int, targets: int, offered_targets: int) -> int:
    """How many things stage `number` has if it begins now, with `offered_targets` offered before."""
    return max(0, cumulative(plan, number, targets) - offered_targets)


def cumulative(plan: Plan, number: int, targets: int) -> int:
    """How many of the targets are offered the release when stage `number` has begun, the stages before counted in."""
    share = share_of(plan.targets.percent, targets)
    stage = plan.stages[number - 1]
    return min(share, share_of(stage.percent or 0.0, share) if stage.things is None else stage.things)


def rate(plan: Plan, stage: Stage) -> int:
    """How many things of a stage are offered the release a minute, at most."""
    return plan.rate_per_minute if stage.rate_per_minute is None else stage.rate_per_minute


def planned_cost(plan: Plan, stages: Sequence[PlannedStage], image_bytes: int) -> RolloutCost:
    """What a rollout in these stages asks of AWS."""
    sizes = [StageSize(len(stage.things), stage.rate_per_minute, stage.minutes) for stage in stages]
    named = len(plan.targets.things)
    # What the groups hold is not kept apart from what is named: those that are not named are counted for them.
    listed = max(0, sum(size.things for size in sizes) - named) if plan.targets.groups else 0
    return cost_of(sizes, named=named, listed=listed, image_bytes=image_bytes)


def reports_of(plan: Plan, things: int) -> ProgressReports:
    """How much a device may report of its progress: the fastest stage rules, all have the same job document."""
    return progress_reports(max(rate(plan, stage) for stage in plan.stages), things)


def least_minutes(plan: Plan, stage: Stage, things: int) -> float:
    """How long a stage takes at least: to offer the release at its rate, and to soak. Devices take time on top."""
    if things == 0:
        return 0.0
    return things / rate(plan, stage) + soak(stage.gate, things)
