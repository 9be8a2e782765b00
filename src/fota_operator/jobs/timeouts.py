"""How long an execution may be in progress, beside how long a release lets a device put it off. Pure.

A device that puts an update off is IN_PROGRESS. AWS counts from there, and the time of a job cannot be prolonged:
an execution that is put off for longer ends as TIMED_OUT.
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-configurations-details.html (job timeouts)
"""

from fota_operator.errors import BadInput
from fota_operator.jobs.limits import MAX_TIMEOUT_MINUTES
from fota_operator.time_span import span_in_words

UPDATE_MINUTES = 60
"""How long the update itself may take, after it was put off."""


def timeout_beyond(within_s: int) -> int | None:
    """The time-out for a release that may be put off for so long; None if AWS takes no time-out as long as that."""
    minutes = _least_minutes(within_s) + UPDATE_MINUTES
    return minutes if minutes <= MAX_TIMEOUT_MINUTES else None


def require_beyond(timeout_minutes: int | None, within_s: int | None, field: str) -> None:
    """Check that AWS ends no execution that the release still lets a device put off. *Raises* BadInput.

    `within_s` None or 0: nothing is known, or nothing is put off.
    """
    if timeout_minutes is None or not within_s or timeout_minutes >= _least_minutes(within_s):
        return
    longer = timeout_beyond(within_s)
    raise BadInput(
        f"{field}: expected {_least_minutes(within_s)} or more, got {timeout_minutes}: a device may put this release "
        f"off for {span_in_words(within_s)}, and AWS would end it as TIMED_OUT before",
        "allow no limit" if longer is None else f"allow {longer}, or no limit",
    )


def may_end_deferred(timeout_minutes: int | None, within_s: int | None) -> bool:
    """Whether the time of a job may end while a device puts the update off: nothing was signed about how long."""
    return timeout_minutes is not None and within_s is None


def _least_minutes(within_s: int) -> int:
    return -(-within_s // 60)
