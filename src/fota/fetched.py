"""How many bytes of images were fetched in this day and this month: for who pays for each of them, or has few.

The journal keeps the account, and saves it with each checkpoint and each stage of an update: no write is made for it.
Time is that of the service, as in `fota.pace`. A day is 24 hours and a month 30 days; each begins with the first
byte that comes after the end of the one before it, so that a fleet does not begin its day at one moment.
"""

from fota.errors import StorageFailed
from fota.pace import DAY_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.pace import Accounts, Pacing

MONTH_S = 30 * DAY_S

_MAX_BYTES = (1 << 40) - 1


class Fetched:
    """What a device has fetched: bytes of bodies, those that came twice or were of no use included."""

    def __init__(self, journal: "Accounts", pacing: "Pacing") -> None:
        self._journal = journal
        self._pacing = pacing
        self._uncounted_bytes = 0

    def count(self, count_bytes: int) -> None:
        """Count bytes that came. Survives a reset once the journal saves something."""
        self._uncounted_bytes += count_bytes
        try:
            self._journal.accounts["fetched"] = self._now(None)
        except StorageFailed:
            # It is no reason to stop a download: they are counted when the journal can be read.
            return
        self._uncounted_bytes = 0

    def day_bytes(self, told_at_s: "int | None" = None) -> int:
        """The bytes of this day. `told_at_s`: the time of the service, if it told it just now.

        *Raises* StorageFailed while the journal cannot be read.
        """
        return self._now(told_at_s)[1]

    def month_bytes(self, told_at_s: "int | None" = None) -> int:
        """The same of this month, which has 30 days."""
        return self._now(told_at_s)[3]

    def _now(self, told_at_s: "int | None") -> "tuple[int, ...]":
        account, now_s = self._journal.accounts["fetched"], self._pacing.time_s(told_at_s)
        return counted(account, now_s, self._uncounted_bytes)


def counted(account: "tuple[int, ...]", now_s: "int | None", count_bytes: int) -> "tuple[int, ...]":
    """The account once more bytes came: when its day began, the bytes of that day; the same of its month.

    `now_s` is None as long as the service has not told the time: no day ends then.
    """
    day_s, day_bytes, month_s, month_bytes = account
    if now_s is not None:
        day_s, day_bytes = _window(day_s, day_bytes, now_s, DAY_S)
        month_s, month_bytes = _window(month_s, month_bytes, now_s, MONTH_S)
    return day_s, min(day_bytes + count_bytes, _MAX_BYTES), month_s, min(month_bytes + count_bytes, _MAX_BYTES)


def _window(since_s: int, count_bytes: int, now_s: int, lasts_s: int) -> "tuple[int, int]":
    """When the window began that this moment is in, and its bytes so far."""
    if not since_s:
        # They came before the time was told for the first time.
        return now_s, count_bytes
    # Also a window that begins in the future by far is over: a clock that was wrong stops nothing for ever.
    return (since_s, count_bytes) if abs(now_s - since_s) < lasts_s else (now_s, 0)
