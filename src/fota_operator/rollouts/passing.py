"""Which failures may pass, so that the same release may be offered again: of the network, of time, of room. Pure.

Leaves to others: what each reason means (`jobs.reasons`), offering it again (`retry`).
"""

from __future__ import annotations

from fota_operator.jobs.deferrals import DEFERRED_TOO_LONG
from fota_operator.jobs.progress import ExecutionStatus
from fota_operator.rollouts.aws.failures import NO_REASON, TIMED_OUT

ROLLED_BACK = "rolled-back"

PASSING = (
    "unreachable", "untrusted-server", "http-status", "http-answer", "body-too-short", "download-timeout",
    "budget-spent", "storage-failed", "no-space", "internal-error", "busy", "declined", "not-valid-now",
    TIMED_OUT, DEFERRED_TOO_LONG, "rolled-back:offline", "rolled-back:not-started", "rolled-back:not-confirmed",
    "rolled-back:wrong-runtime", "rolled-back:image-damaged",
)  # fmt: skip
"""Nothing in them is known against the release itself; a rollback is named with its cause."""


def reason_of(one: ExecutionStatus) -> str:
    """The word for why a thing failed, `rolled-back` with its cause; the details must have been read."""
    if one.status == "TIMED_OUT":
        return DEFERRED_TOO_LONG if one.reason == DEFERRED_TOO_LONG else TIMED_OUT
    reason = one.reason or NO_REASON
    cause = one.details.get("cause")
    return f"{reason}:{cause}" if reason == ROLLED_BACK and cause else reason


def covers(asked: str, reason: str) -> bool:
    """Whether a reason that was asked for covers that of a thing: `rolled-back` covers each of its causes."""
    return reason == asked or reason.startswith(f"{asked}:")
