"""Samples every 100 ms, and remembers the longest time between two samples."""

import threading
import time
from collections.abc import Callable

PERIOD_S = 0.1


def longest_gap_s(is_over: Callable[[int], bool]) -> float:
    """Sample until it is over, which is asked with the number of samples taken; the longest gap."""
    longest_s, taken, last_s = 0.0, 0, time.monotonic()
    nobody_wakes = threading.Event()
    while not is_over(taken):
        nobody_wakes.wait(max(0.0, last_s + PERIOD_S - time.monotonic()))
        now_s = time.monotonic()
        longest_s, last_s, taken = max(longest_s, now_s - last_s), now_s, taken + 1
    return longest_s
