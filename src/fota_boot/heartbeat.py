"""Whether the application still gives the signs of life that it promised, and what systemd hears about it.

The first WATCHDOG=1 of sd_notify(3) is the promise: an application that never sends one is never judged. Time counts
only while `fota-boot` itself runs, so that a machine that slept, or was stopped, condemns nobody.
`notices` receives the messages, `supervisor` stops an image that broke its promise.
"""

import time

from fota_boot.notices import Notices
from fota_boot.systemd import Systemd

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

DEFAULT_PERIOD_S = 60
"""A promise that states no time of its own is broken after this time without a sign of life."""

MIN_PERIOD_S = 0.1
MAX_PERIOD_S = 86_400.0
_MAX_LOOK_EVERY_S = 5.0
_LOOKS_IN_A_PERIOD = 8

_SIGNS = ("READY", "RELOADING", "STOPPING", "WATCHDOG_USEC", "FOTA_WAITING")
"""What counts as a sign of life too, once there is a promise. The library sends FOTA_WAITING in its own waits."""


class Promise:
    """One image's promise, by a monotonic clock whose time is handed in. Decides; waits and reads nothing."""

    def __init__(self, period_s: float) -> None:
        """`period_s`: the time without a sign of life, unless the application states another one."""
        self.period_s: float = period_s
        self._stands = False
        self._heard_s = 0.0
        self._looked_s = 0.0

    def told(self, fields: "dict[str, str]", now_s: float) -> None:
        """Take note of a message."""
        word, stated = fields.get("WATCHDOG"), fields.get("WATCHDOG_USEC", "")
        if stated.isascii() and stated.isdigit():
            # systemd has no watchdog of no time: this ends a promise.
            self._stands = self._stands and int(stated) > 0
            self.period_s = min(max(int(stated[:20]) / 1e6, MIN_PERIOD_S), MAX_PERIOD_S)
        if word == "1":
            self._stands = True
        if word == "1" or any(sign in fields for sign in _SIGNS):
            self._heard_s = now_s
        if word == "trigger":
            # By this word an application says of itself that it is stuck.
            self._stands, self._heard_s = True, float("-inf")

    def look_after_s(self) -> "float | None":
        """How long `fota-boot` may sleep before it looks again; None while nothing is promised."""
        return min(self.period_s / _LOOKS_IN_A_PERIOD, _MAX_LOOK_EVERY_S) if self._stands else None

    def broken_for_s(self, now_s: float) -> "float | None":
        """Look, after all that waited was told: the time without a sign of life, if it is too long."""
        # More than was meant to pass between two looks is time in which nobody may have run.
        late_s = now_s - self._looked_s - (self.look_after_s() or 0.0)
        self._heard_s = min(now_s, self._heard_s + max(0.0, late_s))
        self._looked_s = now_s
        silent_s = now_s - self._heard_s
        return silent_s if self._stands and silent_s > self.period_s else None


class Heartbeat:
    """Listens to the image that runs, judges it, and speaks to systemd for it."""

    def __init__(self, home: str, period_s: float, systemd: Systemd, *, ready_deadline_s: float = 0) -> None:
        """`ready_deadline_s`: so long systemd waits for the application's own READY=1; 0 asks for none."""
        self._notices = Notices(home)
        self._systemd = systemd
        self._period_s = period_s
        self._promise = Promise(period_s)
        self._slot = 0
        self._ready_deadline_s = ready_deadline_s
        self._ready_by_s = 0.0
        self._is_ready = False
        self._told = ""
        """The status that the application told last."""
        self.problem: str = ""
        """How the image that ran last has broken its promise; empty if it has not."""

    def environment(self) -> "dict[str, str]":
        """What tells an image where to speak; a program that uses sd_watchdog_enabled(3) then promises by itself."""
        if not self._notices.address:
            return {}
        return {"NOTIFY_SOCKET": self._notices.address, "WATCHDOG_USEC": str(int(self._period_s * 1_000_000))}

    def begin(self, slot: int) -> None:
        """An image was started, which has promised nothing yet."""
        now_s = time.monotonic()
        if self._is_ready or not self._ready_by_s:
            # While systemd waits, one image after the other has the same time: it does not wait for ever.
            self._ready_by_s = now_s + self._ready_deadline_s
        self._promise = Promise(self._period_s)
        self._slot, self._is_ready, self._told, self.problem = slot, False, "", ""
        if not self._ready_deadline_s or not self._notices.address:
            self._tell_ready()
        else:
            self._systemd.starting(slot, max(0.0, self._ready_by_s - now_s))

    def readable(self) -> "list[socket.socket]":
        """What to wait for besides signals."""
        return self._notices.readable()

    def at_most(self, timeout_s: "float | None") -> "float | None":
        """The time to wait, but no longer than until something is to be looked at or told here."""
        times = [timeout_s, self._promise.look_after_s()]
        if not self._is_ready:
            times.append(max(0.0, self._ready_by_s - time.monotonic()))
        known = [one for one in times if one is not None]
        return self._systemd.at_most(min(known) if known else None)

    def hear(self) -> None:
        """Read what waits, and pass on what is for systemd. Never blocks."""
        told = self._told
        for fields in self._notices.read():
            self._promise.told(fields, time.monotonic())
            if fields.get("READY") == "1":
                self._tell_ready()
            told = fields.get("STATUS", told)
        if told != self._told:
            # The newest one alone: systemd is not flooded by an application that is.
            self._told = told
            self._systemd.status(f"slot {self._slot}: {told}")

    def is_kept(self) -> bool:
        """Hear, and judge: whether the promise, if there is one, is kept. systemd's watchdog is fed if it is."""
        self.hear()
        now_s = time.monotonic()
        silent_s = self._promise.broken_for_s(now_s)
        if silent_s is not None:
            told = "it said so" if silent_s == float("inf") else f"no sign of life for {silent_s:.1f} s"
            self.problem = f"the application hangs: {told}"
            self._systemd.status(f"slot {self._slot}: {self.problem}; it is stopped, and started again")
            return False
        if not self._is_ready and now_s >= self._ready_by_s:
            self._tell_ready()
        self._systemd.alive()
        return True

    def close(self) -> None:
        """Take the socket away."""
        self._notices.close()

    def _tell_ready(self) -> None:
        if not self._is_ready:
            self._is_ready = True
            self._systemd.ready(self._slot)
