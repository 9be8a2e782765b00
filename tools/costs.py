"""Makes the table of what rollouts of three sizes ask of AWS, from the same computation as `fota rollout plan`.

Leaves to the page: what the rows mean.
"""

from collections.abc import Iterator

from fota_operator.cli.rollout_cost import in_bytes
from fota_operator.rollouts.decide.stages import rate, reports_of, room
from fota_operator.rollouts.plan.cost import RolloutCost, StageSize, cost_of
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, Plan, Targets
from fota_operator.rollouts.plan.prices import READ_ON
from fota_operator.rollouts.plan.quotas import MAX_RATE_PER_MINUTE

SIZES = (1_000, 100_000, 1_000_000)
IMAGE_BYTES = 1_000_000
_PLANS = tuple(
    Plan("costs", "0" * 64, Targets(groups=("all",)), DEFAULT_STAGES, rate_per_minute=rate_per_minute)
    for rate_per_minute in (1000, MAX_RATE_PER_MINUTE)
)


def cost_for(plan: Plan, things: int) -> RolloutCost:
    """What a rollout asks for, without the names of its things: the plan's group holds that many."""
    sizes, offered = [], 0
    for number, stage in enumerate(plan.stages, start=1):
        here = room(plan, number, things, offered)
        offered += here
        per_minute = rate(plan, stage)
        sizes.append(StageSize(here, per_minute, here / per_minute + stage.gate.soak_minutes))
    return cost_of(sizes, named=0, listed=things, image_bytes=IMAGE_BYTES)


def costs_table() -> str:
    """One column for each size and rate."""
    columns = [(plan, things, cost_for(plan, things)) for plan in _PLANS for things in SIZES]
    head = ["things", *(f"{things:,}" for _, things, _ in columns)]
    rows = [head, ["---"] * len(head), *_rows(columns)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _rows(columns: list[tuple[Plan, int, RolloutCost]]) -> Iterator[list[str]]:
    costs = [cost for _, _, cost in columns]
    yield ["rate, things a minute", *(f"{plan.rate_per_minute:,}" for plan, _, _ in columns)]
    reports = [reports_of(plan, things) for plan, things, _ in columns]
    yield ["reports of progress, the average of a device", *(f"{one.of_a_device:g}" for one in reports)]
    yield ["hours at least", *(f"{cost.hours:.2f}" for cost in costs)]
    yield ["jobs", *(f"{cost.jobs:,}" for cost in costs)]
    for name in costs[0].calls:
        yield [f"calls of `{name}`", *(f"{cost.calls[name]:,}" for cost in costs)]
    yield ["writes of devices", *(f"{cost.device_writes:,.0f}" for cost in costs)]
    yield ["reads of devices", *(f"{cost.device_reads:,}" for cost in costs)]
    yield ["calls to the registry, with the writes of shadows", *(f"{cost.registry_calls:,}" for cost in costs)]
    yield ["messages", *(f"{cost.messages:,.0f}" for cost in costs)]
    for place, share in enumerate(costs[0].shares):
        of_each = [cost.shares[place] for cost in costs]
        yield [f"{share.name}, of {share.limit:,.0f}", *(f"{one.used:,.1f} ({one.percent:.0f} %)" for one in of_each)]
    yield [f"executions, list prices of {READ_ON}", *(f"${cost.money.executions:,.2f}" for cost in costs)]
    yield ["messages, the same", *(f"${cost.money.messages:,.2f}" for cost in costs)]
    yield ["registry and shadows, the same", *(f"${cost.money.registry:,.2f}" for cost in costs)]
    yield ["over the air, an image of 1 MB", *(in_bytes(cost.bytes_over_the_air) for cost in costs)]
