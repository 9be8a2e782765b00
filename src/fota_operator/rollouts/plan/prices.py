"""What AWS asks for, by its list prices in US dollars for us-east-1, and for how much a rollout asks. Pure.

The only file with prices. Other Regions, contracts and the free tier differ; taxes are not in them.
"""

from __future__ import annotations

from dataclasses import dataclass

READ_ON = "2026-09-20"
"""When the prices were read: https://aws.amazon.com/iot-device-management/pricing/ and /iot-core/pricing/"""
EXECUTION_USD = 0.003
EXECUTIONS_AT_FIRST = 250_000
"""This many in a month; those above cost FURTHER_EXECUTION_USD each."""
FURTHER_EXECUTION_USD = 0.0015
MILLION_MESSAGES_USD = 1.00
"""Of 5 KB each; those that a device acknowledges are counted."""
MILLION_REGISTRY_CALLS_USD = 1.25


@dataclass(frozen=True)
class Money:
    """US dollars, if nothing else happened in the account this month. What S3 asks for its bytes is not in it."""

    executions: float
    messages: float
    registry: float

    @property
    def total(self) -> float:
        """All together."""
        return self.executions + self.messages + self.registry


def money(executions: int, messages: float, registry_calls: int) -> Money:
    """What AWS asks for that much."""
    further = max(0, executions - EXECUTIONS_AT_FIRST)
    return Money(
        (executions - further) * EXECUTION_USD + further * FURTHER_EXECUTION_USD,
        messages / 1e6 * MILLION_MESSAGES_USD,
        registry_calls / 1e6 * MILLION_REGISTRY_CALLS_USD,
    )
