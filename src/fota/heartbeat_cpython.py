"""Signs of life to what has started this program, by sd_notify(3): `fota-boot`, or systemd itself. CPython only.

A program promises by `awsfota.alive`. The library keeps that promise in its own waits, for the thread that promised:
an update in another thread says nothing of the loop.
"""

import math
import os
import socket
import threading
import time
from contextlib import suppress

MIN_WITHIN_S = 0.1
MAX_WITHIN_S = 86_400.0

_MAX_INTERVAL_S = 1.0
_SIGNS_IN_A_PERIOD = 10
"""A sign that is not sent since the last one is so young costs a program no more than this part of its time."""

_ROOM_WITHIN_S = 0.2
"""Another process may fill the queue of the listener; its next look makes room."""

_WAITS = "FOTA_WAITING=1"
"""Says that the library waits: a sign of life for `fota-boot` if the program has promised in its own way."""


class Pulse:
    """What this process has promised, and when the next sign of life is worth a message."""

    def __init__(self) -> None:
        self._promised_by: int | None = None
        self._within_s: float | None = None
        self._due_s = 0.0

    def promise(self, within_s: "float | None") -> None:
        """Give a sign of life that the program asks for, and promise others. *Raises* ValueError."""
        if within_s is not None and not MIN_WITHIN_S <= within_s <= MAX_WITHIN_S:
            raise ValueError(f"within_s: expected {MIN_WITHIN_S} to {MAX_WITHIN_S:.0f} seconds, got {within_s!r}")
        is_news = self._promised_by is None
        self._promised_by = threading.get_ident()
        if within_s is not None and within_s != self._within_s:
            self._within_s, is_news = within_s, True
        self._send("WATCHDOG=1", is_news=is_news)

    def wait(self) -> None:
        """Give a sign of life in a wait of the library, if the thread that waits is the one that promised."""
        if self._promised_by is None:
            # A program that speaks sd_notify by itself does so in its main thread, as far as anybody knows.
            if threading.current_thread() is threading.main_thread():
                self._send(_WAITS)
        elif self._promised_by == threading.get_ident():
            self._send("WATCHDOG=1")

    def _send(self, text: str, *, is_news: bool = False) -> None:
        now_s = time.monotonic()
        address = os.environ.get("NOTIFY_SOCKET", "")
        if not address or not (is_news or now_s >= self._due_s):
            return
        self._due_s = now_s + min(_MAX_INTERVAL_S, (self._within_s or _given_s()) / _SIGNS_IN_A_PERIOD)
        if is_news and self._within_s is not None:
            text = f"WATCHDOG_USEC={math.ceil(self._within_s * 1_000_000)}\n{text}"
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_ROOM_WITHIN_S)
            # Only a socket that is connected waits for room in the other one's queue.
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.send(text.encode())


def _given_s() -> float:
    """The time that the listener allows between two signs of life."""
    digits = os.environ.get("WATCHDOG_USEC", "")
    return int(digits) / 1_000_000 if digits.isascii() and digits.isdigit() else MAX_WITHIN_S


_pulse = Pulse()


def alive(within_s: "float | None" = None) -> None:
    """See `aws.iot.fota.alive`. *Raises* ValueError."""
    _pulse.promise(within_s)


def still_alive() -> None:
    """To be called in each wait and each piece of work below `update` and `handle_fota_jobs`."""
    _pulse.wait()
