"""What a power cut leaves, checked against what the disk held and what was pending: I5, I8."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from sweeps.powercut import seen, trust
from sweeps.powercut.history import History, Violation, count

if TYPE_CHECKING:
    from fota_testing.posix.disk import Disk


def after_cut(disk: Disk, left: Disk, history: History) -> History:
    """The history after a power cut. I5, I8: each value is the one before the interrupted write or the one after."""
    for name, allowed in _before_and_after(disk).items():
        if seen.value(left.content, name) not in allowed:
            raise Violation("I8", f"{name} is neither the one before nor the one after")
    if not history.is_damaged:
        trust.require_met(left.content, history)
    history = replace(history, cuts=history.cuts + 1)
    found = seen.record(left.content)
    if found is not None and found.is_on_trial and found.attempts_spent and found.trial_slot is not None:
        tried = seen.image_name(left.content, found.trial_slot)
        # Two cuts may cost the same attempt.
        if tried is not None and count(history.trials_spoiled, tried) < found.attempts_spent:
            return history.spoiled(tried)
    return history


@lru_cache(maxsize=4)
def _before_and_after(disk: Disk) -> dict[str, tuple[bytes | None, bytes | None]]:
    """Each value twice: with no pending write kept, and with all of them."""
    lost, kept = disk.after_cut("lost").content, disk.after_cut("kept").content
    return {name: (seen.value(lost, name), seen.value(kept, name)) for name in seen.PAIRS}
