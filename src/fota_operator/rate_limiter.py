"""A clock that can be passed in, and a limit of calls per second, as AWS has one.

Leaves to others: what is called. If AWS throttles a call all the same, `poll` and `rollouts.run` repeat it.
"""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol

from fota_operator.errors import BadInput

JOBS_PER_SECOND = 10.0
"""The limit of each operation of Jobs, for a whole account: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html"""
REGISTRY_PER_SECOND = 50.0
"""For each operation on things and groups: below AWS's limit, since others use the same account."""
MAX_WAIT_S = 1e9
"""The longest time that may be asked for, some thirty years: an infinite time has no end that can be computed."""
_JITTER = 0.2
_ZERO = datetime.fromtimestamp(0, timezone.utc)


class WallClock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """See WallClock."""
        return datetime.now(timezone.utc)

    def sleep(self, seconds: float) -> None:
        """See WallClock."""
        time.sleep(seconds)


class SteadyClock(SystemClock):
    """A clock that is never set: only the difference between two of its moments means something."""

    def now(self) -> datetime:
        """See WallClock."""
        return _ZERO + timedelta(seconds=time.monotonic())


class RateLimiter:
    """Lets calls pass, at most this many a second."""

    def __init__(self, per_second: float, clock: WallClock) -> None:
        self._gap = timedelta(seconds=1 / per_second)
        self._clock = clock
        self._next: datetime | None = None

    def wait(self) -> None:
        """Wait until the next call may be made."""
        now = self._clock.now()
        turn = now if self._next is None else max(now, self._next)
        if turn > now:
            # A clock that was set back must not hold up the turns until it is there again.
            self._clock.sleep(min(turn - now, self._gap).total_seconds())
        self._next = turn + self._gap


def require_waits(*, interval_s: float, timeout_s: float | None) -> None:
    """*Raises* BadInput for times that cannot be waited for."""
    for field, seconds in (("interval_s", interval_s), ("timeout_s", timeout_s)):
        if seconds is not None and not 0 <= seconds <= MAX_WAIT_S:
            raise BadInput(
                f"`{field}`: expected 0 to {MAX_WAIT_S:.0f} seconds, got {seconds:g}", "choose one of them"
            )


def jittered(seconds: float) -> float:
    """About this long, with a random part: many that wait must not come back at the same time."""
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter, not a secret
