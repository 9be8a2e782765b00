"""When a device looks at its jobs: on news, on a new connection, when work is left, and now and then by itself.

It asks nobody: `jobs` does. All devices of an account share a quota of 200 reads a second, and each look is one.
"""

from fota import machine
from fota.log import log
from fota.transfer.backoff import RetryTimer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.mqtt import Connection
    from fota.clock import Clock

_FIRST_PUT_OFF_MS = 2_000
_MAX_PUT_OFF_MS = 300_000

OUTAGE_MS = 30_000
"""A connection that was lost for at least this time was lost to many devices, as far as one of them can know."""

_WATCH_EVERY_MS = 5_000
"""How often an idle device looks whether the connection is lost."""


class Looks:
    """The times of one `Jobs`."""

    def __init__(self, connection: "Connection", clock: "Clock", again_s: int, behind_s: int, spread_s: int) -> None:
        """See `Jobs`. *Raises* ValueError for times below one second, or 0 for the last."""
        if min(again_s, behind_s, spread_s + 1) < 1:
            raise ValueError(
                f"expected at least 1 second, got {again_s} and {behind_s}; and at least 0, got {spread_s}"
            )
        self.retry: "RetryTimer" = RetryTimer(clock, _FIRST_PUT_OFF_MS, _MAX_PUT_OFF_MS)
        """Running while work is left, such as a report."""
        self.is_notified: "bool" = False
        """Whether news came since the last look."""
        self._connection = connection
        self._clock = clock
        self._again_s = again_s
        self._behind_s = behind_s
        self._spread_s = spread_s
        self._sessions_seen = 0
        self._lost_ms: "int | None" = None
        self._watch_at_ms = 0
        self._is_spread = False
        """Whether the next look by itself is the one that an outage has put off."""
        self.after(again_s)

    def are_due(self) -> bool:
        """Whether to look now; True once for each reason. Costs microseconds."""
        now_ms = self._clock.now_ms()
        sessions = self._connection.sessions
        if sessions != self._sessions_seen:
            is_first, self._sessions_seen = not self._sessions_seen, sessions
            if is_first or not self._is_put_off(now_ms):
                return True
        elif now_ms >= self._watch_at_ms:
            self._watch(now_ms)
        if self.is_notified:
            self.is_notified = False
            return True
        return self.retry.is_due() or self._is_time(now_ms)

    def seen(self, count: int) -> None:
        """The list of jobs has that number."""
        self.after(self._behind_s if count else self._again_s)

    def seldom(self) -> None:
        """All that waits is put off: the next look by itself comes as if nothing waited."""
        self.after(self._again_s)

    def after(self, least_s: int) -> None:
        """Look after a random time of `least_s` to twice as long: all devices of an account share a quota."""
        self._is_spread = False
        self._at_ms: "int" = self._clock.now_ms() + int(least_s * 1000 * (1 + machine.random_fraction()))

    def no_later_than(self, at_ms: int) -> None:
        """Look at that time, unless a look is due before it."""
        self._at_ms = min(self._at_ms, at_ms)

    def _is_time(self, now_ms: int) -> bool:
        is_time = now_ms >= self._at_ms
        if is_time:
            self.after(self._behind_s)
        return is_time

    def _watch(self, now_ms: int) -> None:
        """Note since when the connection is lost."""
        self._watch_at_ms = now_ms + _WATCH_EVERY_MS
        if self._connection.is_connected():
            self._lost_ms = None
        elif self._lost_ms is None:
            self._lost_ms = now_ms

    def _is_put_off(self, now_ms: int) -> bool:
        """Whether the look after a new connection is put off, as after an outage that all devices had.

        Not while work is left, as when a report is owed or an image is on trial.
        """
        lost_ms, self._lost_ms = self._lost_ms, None
        if self.retry.is_running():
            return False
        if not self._is_spread and lost_ms is not None and now_ms - lost_ms >= OUTAGE_MS:
            wait_ms = int(self._spread_s * 1000 * machine.random_fraction())
            self.no_later_than(now_ms + wait_ms)
            self._is_spread = True
            log("look-put-off", wait_s=wait_ms // 1000)
        return self._is_spread
