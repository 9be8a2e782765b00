"""A wait of the program's thread, in which the progress of an update is told that it still waits."""

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
