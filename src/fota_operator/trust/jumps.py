"""Numbers that would use up all later ones: a slip of the hand that no device can undo. Pure.

A device refuses every number below the highest one that it has reached. A number that is far too high, signed and
confirmed once, leaves no number for the releases after it.
"""

from datetime import datetime, timedelta, timezone

from fota_operator.errors import BadInput

MAX_SECVER_STEP = 1000
"""A security version up to this is no jump: it counts the occasions on which older releases had to end."""
MAX_KEYRING_VERSION = 1_000_000
"""Each keyring is exactly one above the one before it."""
_AHEAD = timedelta(days=2)
_FORMS = ("%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S")
"""Moments that are written as a number, each of which leaves many above it."""
_REMEDY = "correct it, or say that it is meant, with `allow_jump`"


def require_no_jump(seq: int, secver: int, now_s: int) -> None:
    """*Raises* BadInput for a sequence number above every clock's, or a security version that nobody counted to.

    A sequence number may count releases, be seconds or milliseconds since 1970, or a date as 20260131, with a time
    too, up to the day after tomorrow.
    """
    if not _is_usual(seq, now_s):
        raise BadInput(
            f"`seq`: {seq} is above the seconds since 1970 and is no date: a device that confirms it takes no "
            "release with a lower number, ever",
            _REMEDY,
        )
    if secver > MAX_SECVER_STEP:
        raise BadInput(
            f"`secver`: {secver} is above {MAX_SECVER_STEP}: a device that reaches it takes no release with a lower "
            "one, ever",
            _REMEDY,
        )


def require_countable(version: int) -> None:
    """*Raises* BadInput for a version of a keyring that could have no successors."""
    if version > MAX_KEYRING_VERSION:
        raise BadInput(
            f"`version`: {version} is above {MAX_KEYRING_VERSION}, and each keyring is one above the one before it",
            "begin with 1",
        )


def _is_usual(seq: int, now_s: int) -> bool:
    latest = datetime.fromtimestamp(now_s, timezone.utc) + _AHEAD
    if seq <= latest.timestamp():
        return True
    if now_s * 500 <= seq <= latest.timestamp() * 1000:
        return True
    return any(_is_moment(str(seq), form, latest) for form in _FORMS)


def _is_moment(digits: str, form: str, latest: datetime) -> bool:
    if len(digits) != len(latest.strftime(form)):
        return False
    try:
        return datetime.strptime(digits, form).replace(tzinfo=timezone.utc) <= latest
    except ValueError:
        return False
