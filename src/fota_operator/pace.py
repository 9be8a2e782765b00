"""Time and turns: a clock that can be handed in, and no more calls a second than AWS allows.

Leaves to others: what is called. What AWS refuses for its pace all the same is asked again by `watching` and
`rollouts.run`.
"""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol

from fota_operator.errors import BadInput

JOBS_PER_SECOND = 10.0
"""Of each operation of Jobs, for a whole account: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html"""
REGISTRY_PER_SECOND = 50.0
"""Of each operation on things and groups: below what AWS allows, since others ask too."""
MOST_WAIT_S = 1e9
"""What may be asked for, some thirty years; no moment lies as far off as an infinite time."""
_JITTER = 0.2
_ZERO = datetime.fromtimestamp(0, timezone.utc)


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """See Clock."""
        return datetime.now(timezone.utc)

    def sleep(self, seconds: float) -> None:
        """See Clock."""
        time.sleep(seconds)


class SteadyClock(SystemClock):
    """A clock that nobody sets: only how far two of its moments lie apart means something."""

    def now(self) -> datetime:
        """See Clock."""
        return _ZERO + timedelta(seconds=time.monotonic())


class Pace:
    """Turns, so many a second at most."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._gap = timedelta(seconds=1 / per_second)
        self._clock = clock
        self._next: datetime | None = None

    def wait(self) -> None:
        """Wait for one's turn."""
        now = self._clock.now()
        turn = now if self._next is None else max(now, self._next)
        if turn > now:
            # A clock that was set back must not hold up the turns until it is there again.
            self._clock.sleep(min(turn - now, self._gap).total_seconds())
        self._next = turn + self._gap


def require_waits(*, interval_s: float, timeout_s: float | None) -> None:
    """*Raises* BadInput for times that cannot be waited for."""
    for option, seconds in (("--interval", interval_s), ("--timeout", timeout_s)):
        if seconds is not None and not 0 <= seconds <= MOST_WAIT_S:
            raise BadInput(
                f"{option}: expected 0 to {MOST_WAIT_S:.0f} seconds, got {seconds:g}", "choose one of them"
            )


def jittered(seconds: float) -> float:
    """About so long: many who wait shall not come back at once."""
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter, not a secret
