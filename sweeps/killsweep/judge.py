"""Decides what is wrong with a device after a point, seen from outside. It is pure.

Knows the bytes that ran, what the service says of the job, and what the home proves; nothing of how it came so.
"""

from dataclasses import dataclass

BRICK = "brick"
FALSE_REPORT = "false-report"
STUCK = "stuck"
FAULTS = (BRICK, FALSE_REPORT, STUCK)

TERMINAL = ("SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT", "CANCELED", "REMOVED")


@dataclass(frozen=True)
class Seen:
    """A device that was started plainly after a point, once it has come to rest or its time was up."""

    running: str | None
    """The version of the image whose bytes run; None if none runs, or one that was never published."""
    status: str
    """Of the job execution."""
    reason: str
    is_idle: bool
    home_proves_itself: bool
    """The record is readable, no trial is open, and the confirmed slot proves to hold the image that runs."""


def is_at_rest(seen: Seen) -> bool:
    """Whether nothing can be left to wait for."""
    return seen.running is not None and seen.is_idle and seen.status in TERMINAL and seen.home_proves_itself


def violation(seen: Seen, job_version: str) -> str | None:
    """What is wrong; None if all is well."""
    if seen.running is None:
        return BRICK
    if seen.status not in TERMINAL or not seen.is_idle:
        return STUCK
    if not seen.home_proves_itself:
        return BRICK
    # A valid job for a working device either succeeds or fails, so a refusal is a false report too.
    told = {"SUCCEEDED": True, "FAILED": False}.get(seen.status)
    return None if told == (seen.running == job_version) else FALSE_REPORT
