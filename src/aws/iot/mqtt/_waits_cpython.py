"""Waits of the program's threads: for something to change, during which progress is told, and for a message."""

import threading
from collections.abc import Callable

from aws.iot.mqtt import rules
from fota import machine
from fota.waiting import still_waiting


def wait_for(changed: threading.Condition, is_over: Callable[[], bool], timeout_ms: int) -> None:
    """Wait, with its lock held, until `is_over` or time is up. What the progress calls in this thread may lock it."""
    until_ms = machine.now_ms() + timeout_ms
    left_ms = timeout_ms
    while not changed.wait_for(is_over, max(0, min(left_ms, rules.TURN_MS)) / 1000) and left_ms > 0:
        still_waiting()
        left_ms = until_ms - machine.now_ms()


class Arrivals:
    """Messages that were handed out. Each thread waits for those since its own last wait: none takes another's."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._seen = threading.local()

    def add(self) -> None:
        """One more was handed out."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, timeout_ms: int) -> None:
        """Return once one was handed out since this thread's last wait, or after the time."""
        seen = getattr(self._seen, "count", 0)
        with self._changed:
            self._changed.wait_for(lambda: self._count != seen, timeout_ms / 1000)
            self._seen.count = self._count
