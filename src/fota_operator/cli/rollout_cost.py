"""Says what a rollout asks of AWS: calls, quotas, money, bytes; in lines for people, as JSON for programs."""

from typing import TYPE_CHECKING

from fota_operator.rollouts.plan.prices import READ_ON

if TYPE_CHECKING:
    from fota_operator.rollouts.plan.cost import QuotaShare, RolloutCost

_UNITS = ("B", "kB", "MB", "GB", "TB")


def cost_lines(cost: "RolloutCost") -> list[str]:
    """A line for each kind of cost."""
    calls = ", ".join(f"{count:,} {name}" for name, count in cost.calls.items() if count)
    money = cost.money
    of_executions = f"{cost.things:,} executions ${money.executions:,.2f}"
    of_messages = f"{cost.messages:,.0f} messages ${money.messages:,.2f}"
    of_registry = f"{cost.registry_calls:,} calls to registry and shadows ${money.registry:,.2f}"
    return [
        f"Calls of this command: {calls}.",
        f"Quotas of the account: {'; '.join(map(_share, cost.shares))}.",
        f"Money, list prices of {READ_ON}: ${money.total:,.2f} without the bytes; {of_executions}, {of_messages}, "
        f"{of_registry}.",
        f"Over the air: {in_bytes(cost.bytes_over_the_air)}.",
    ]


def cost_as_json(cost: "RolloutCost") -> dict[str, object]:
    """The same for programs."""
    return {
        "hours": cost.hours,
        "jobs": cost.jobs,
        "calls": cost.calls,
        "device_writes": cost.device_writes,
        "device_reads": cost.device_reads,
        "messages": cost.messages,
        "quotas": [
            {"name": one.name, "used": one.used, "limit": one.limit, "percent": one.percent} for one in cost.shares
        ],
        "usd": cost.money.total,
        "usd_of_executions": cost.money.executions,
        "usd_of_messages": cost.money.messages,
        "usd_of_registry": cost.money.registry,
        "prices_of": READ_ON,
        "bytes_over_the_air": cost.bytes_over_the_air,
    }


def in_bytes(count: float) -> str:
    """Bytes in words, in steps of a thousand."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


def _share(share: "QuotaShare") -> str:
    return f"{share.name} {share.used:,.1f} of {share.limit:,.0f} ({share.percent:.0f} %)"
