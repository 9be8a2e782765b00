"""Computes how fast the things of a rollout answer, from looks at it, and how long the rest takes at that speed.

Leaves to others: looking (`watch`), and showing (`cli.dashboard`).
"""

import time
from collections import deque
from collections.abc import Callable

from fota_operator.rollouts.decide.status import PENDING, RolloutStatus, StageStatus

OVER_S = 300.0
"""Older looks are forgotten: a stage that stalls shows it."""


def ended_things(stage: StageStatus) -> int:
    """How many things of a stage have come to an end, well or badly."""
    return sum(count for status, count in stage.counts.items() if status not in PENDING)


class Speed:
    """Takes the status of every look, and computes the speed from them."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, status: RolloutStatus) -> None:
        """Take the status of the rollout now."""
        now_s = self._now_s()
        self._looks.append((now_s, sum(ended_things(stage) for stage in status.stages)))
        while self._looks[0][0] < now_s - OVER_S:
            self._looks.popleft()

    @property
    def per_minute(self) -> float | None:
        """How many things come to an end in a minute; None until one has done so while we looked."""
        (first_s, first), (last_s, last) = self._looks[0], self._looks[-1]
        return None if last <= first or last_s <= first_s else (last - first) * 60 / (last_s - first_s)

    def left_s(self, stage: StageStatus) -> float | None:
        """How long the rest of a stage takes at that speed; None if that is not known.

        Left out are things that put it off, and those that have not taken it up: they may be off.
        """
        speed = self.per_minute
        left = stage.things - ended_things(stage) - stage.put_off - stage.counts.get("QUEUED", 0)
        return None if speed is None else left * 60 / speed
