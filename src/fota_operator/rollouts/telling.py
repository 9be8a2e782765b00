"""What whoever waits for a rollout is told meanwhile.

Leaves to others: what there is to tell (`run`, `stage_group`, `wait_gate`), and showing it (`cli`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """What is being done, for whoever waits; `done` of `total` where it can be counted."""

    text: str
    done: int | None = None
    total: int | None = None


Tell = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Tell nobody."""
    del progress
