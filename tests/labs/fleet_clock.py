"""A clock that lets a fleet act whenever somebody waits: a rollout of hours takes as long as its requests do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

_MIN_TURN_S = 1.0
"""Shorter waits are for the pace of requests: no device does anything in them."""
_MAX_TURNS = 200


class FleetClock:
    """A WallClock of `fota_operator.rate_limiter`. AWS's own times stay real, so that this one starts at them."""

    def __init__(self, turn: Callable[[], object]) -> None:
        self.waits: list[float] = []
        """How long each wait was in which the fleet had a turn."""
        self._turn = turn
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The real time, and all that was slept."""
        return datetime.now(timezone.utc) + self._ahead

    def sleep(self, seconds: float) -> None:
        """Be so much later, and let the fleet act."""
        self._ahead += timedelta(seconds=seconds)
        if seconds < _MIN_TURN_S:
            return
        self.waits.append(seconds)
        assert len(self.waits) <= _MAX_TURNS, "the rollout waits for ever"
        self._turn()
