"""What a rollout asks of AWS, computed before it runs: calls, shares of quotas, money, bytes. Pure.

It is computed for a rollout in which every device takes the release and nothing is in its way.
Leaves to others: which things these are (`decide.stages`), showing it (`cli`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fota_operator.rollouts.plan import quotas
from fota_operator.rollouts.plan.prices import Money, money

LISTED_AT_ONCE = 250
LOOK_EVERY_S = 10.0
"""How often `fota rollout run` looks, unless it is told otherwise."""
MESSAGES_OF_AN_UPDATE = 35
MESSAGES_OF_A_REPORT = 3
"""Those of a device, those to it, and its acknowledgements. Counted by `sweeps.faults.messages`."""
_ACTIVE_JOBS = 100_000


@dataclass(frozen=True)
class StageSize:
    """What counts of a stage: `minutes` is how long it takes at least, with its soak."""

    things: int
    rate_per_minute: int
    minutes: float


@dataclass(frozen=True)
class QuotaShare:
    """How much of a quota of the whole account a rollout takes at its busiest."""

    name: str
    used: float
    limit: float

    @property
    def percent(self) -> float:
        """The share in percent."""
        return self.used / self.limit * 100


@dataclass(frozen=True)
class RolloutCost:
    """What it asks for. `calls` are the command's, by AWS's names; `device_writes`, `device_reads` the devices'.

    `registry_calls`: what is paid like calls to the registry, with the writes of shadows.
    """

    things: int
    hours: float
    jobs: int
    calls: dict[str, int]
    device_writes: float
    device_reads: int
    messages: float
    registry_calls: int
    shares: tuple[QuotaShare, ...]
    money: Money
    bytes_over_the_air: int


def cost_of(stages: Sequence[StageSize], *, named: int, listed: int, image_bytes: int) -> RolloutCost:
    """What stages ask for: `named` and `listed` are how many targets the plan names, and how many its groups hold."""
    begun = [stage for stage in stages if stage.things]
    things = sum(stage.things for stage in begun)
    fastest = max((stage.rate_per_minute for stage in begun), default=1)
    reports = quotas.progress_reports(max((stage.rate_per_minute for stage in stages), default=1), things)
    splits = [quotas.jobs_for(stage.things, stage.rate_per_minute) for stage in begun]
    jobs = sum(split.count for split in splits)
    per_second = min(fastest, max(things, 1)) / 60
    writes = quotas.WRITES_OF_AN_UPDATE + reports.of_a_device
    messages = things * (MESSAGES_OF_AN_UPDATE + MESSAGES_OF_A_REPORT * reports.of_a_device)
    calls = _calls(begun, [split.count for split in splits], named, listed)
    shadows = quotas.SHADOW_WRITES_OF_AN_UPDATE
    registry = calls["DescribeThing"] + calls["ListThingsInThingGroup"] + things * shadows
    at_once = max((split.at_once for split in splits), default=0)
    pace = quotas.COMMAND_PER_SECOND
    shares = (
        QuotaShare("writes of devices a second", per_second * writes, quotas.WRITES_PER_SECOND),
        QuotaShare("reads of devices a second", per_second * quotas.READS_OF_AN_UPDATE, quotas.READS_PER_SECOND),
        QuotaShare("writes of shadows a second", per_second * shadows, quotas.SHADOWS_PER_SECOND),
        QuotaShare(
            "subscriptions a second", per_second * quotas.FILTERS_OF_AN_UPDATE, quotas.SUBSCRIPTIONS_PER_SECOND
        ),
        QuotaShare("CreateJob a second", min(pace, at_once), quotas.CALLS_PER_SECOND),
        QuotaShare("DescribeJob a second", min(pace, jobs), quotas.CALLS_PER_SECOND),
        QuotaShare("jobs that roll out at once", at_once, quotas.MAX_JOBS_AT_ONCE),
        QuotaShare("active jobs", jobs, _ACTIVE_JOBS),
    )
    return RolloutCost(
        things,
        sum(stage.minutes for stage in begun) / 60,
        jobs,
        calls,
        things * writes,
        things * quotas.READS_OF_AN_UPDATE,
        messages,
        registry,
        shares,
        money(things, messages, registry),
        things * image_bytes,
    )


def _calls(stages: Sequence[StageSize], jobs: Sequence[int], named: int, listed: int) -> dict[str, int]:
    """The calls of a run that looks every LOOK_EVERY_S, by AWS's names.

    At each look one call reads the tag that pauses a rollout, and one each job that runs, of at most 50. A stage is
    looked at twice more: when it begins, and when its gate is passed.
    Before each stage the members of groups are listed.
    """
    looks = [max(2, math.ceil(stage.minutes * 60 / LOOK_EVERY_S)) for stage in stages]
    described = sum(count + look * min(count, quotas.MAX_READ_AGAIN) for count, look in zip(jobs, looks, strict=True))
    return {
        "CreateJob": sum(jobs),
        "DescribeJob": described,
        "DescribeThing": named,
        "ListTagsForResource": sum(looks) + 2 * len(stages),
        "ListThingsInThingGroup": math.ceil(listed / LISTED_AT_ONCE) * (len(stages) + 1),
    }
