"""Sends systemd the notices of a service of Type=notify: sd_notify(3). Without systemd it does nothing."""

import os
import socket
import time

from fota.boot_note import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_DATAGRAM = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
_MARGIN_S = 30
"""Time for another start of an image, beyond that which was asked for."""

_OWN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Systemd:
    """The socket that systemd gave us, if it did."""

    def __init__(self) -> None:
        self._path = os.environ.get("NOTIFY_SOCKET", "")
        watchdog = os.environ.get("WATCHDOG_USEC", "")
        # Half the time allowed, as sd_watchdog_enabled(3) recommends.
        usable = self._path and watchdog.isascii() and watchdog.isdigit() and int(watchdog) > 0
        self._interval_s = int(watchdog) / 2_000_000 if usable else None
        self._due_s = 0.0

    def ready(self, slot: int) -> None:
        """Say that an image runs."""
        self._send(f"READY=1\nSTATUS=running slot {slot}")

    def starting(self, slot: int, within_s: float) -> None:
        """Say that an image was started, and that READY=1 follows within that time."""
        extended = int((within_s + _MARGIN_S) * 1_000_000)
        self._send(f"EXTEND_TIMEOUT_USEC={extended}\nSTATUS=starting slot {slot}")

    def status(self, text: str) -> None:
        """Say what happens, in one line: what `systemctl status` shows."""
        self._send("STATUS=" + one_line(text))

    def stopping(self) -> None:
        """Say that no other image will be started."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Say that the supervisor still works, no more often than the watchdog needs."""
        if self._interval_s is not None and time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + self._interval_s
            self._send("WATCHDOG=1")

    def at_most(self, timeout_s: "float | None") -> "float | None":
        """The time to wait, but no longer than until the next notice to the watchdog."""
        if self._interval_s is None:
            return timeout_s
        return self._interval_s if timeout_s is None else min(timeout_s, self._interval_s)

    def without_its_own(self, environment: "Mapping[str, str]") -> "dict[str, str]":
        """The environment for an image, without the variables that are for the supervisor."""
        return {name: value for name, value in environment.items() if name not in _OWN}

    def _send(self, text: str) -> None:
        if not self._path:
            return
        address = "\0" + self._path[1:] if self._path.startswith("@") else self._path
        try:
            # The socket never blocks: a service manager that does not read must not hold up a boot.
            with socket.socket(socket.AF_UNIX, _DATAGRAM) as sender:
                sender.sendto(text.encode(), address)
        except OSError:
            # A device must not stop because systemd could not be notified.
            return
