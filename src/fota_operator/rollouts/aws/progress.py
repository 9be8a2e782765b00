"""Reports the progress of a rollout that is run, for a program or a person who waits.

Leaves to others: reporting it (`run`, `stage_group`, `watch`), and showing it (`cli`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fota_operator import former_names


@dataclass(frozen=True)
class RolloutProgress:
    """One step of the work; `done` of `total` where it can be counted."""

    text: str
    done: int | None = None
    total: int | None = None


OnProgress = Callable[[RolloutProgress], None]


def silent(progress: RolloutProgress) -> None:
    """Ignore progress: nobody waits for it."""
    del progress


def __getattr__(name: str) -> object:
    return former_names.look_up(__name__, name)
