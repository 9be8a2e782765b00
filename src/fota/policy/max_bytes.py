"""A policy that bounds how much of images a device fetches in a day, and in a month.

    policy = MaxBytes(per_day=2_000_000, per_month=20_000_000)

An image that is larger than the budget is fetched over several days, each time from where the last one ended.
"""

from fota.fields import is_whole
from fota.policy import Later, Now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.policy import Offer

MIN_BUDGET_BYTES = 16_384
"""A connection costs some thousand bytes itself: a smaller piece of an image is not worth one."""

_AGAIN_S = 3_600
"""When a budget is whole again is looked up every hour; that costs no network."""


class MaxBytes:
    """At most `per_day` bytes of images in 24 hours, and `per_month` in 30 days; one of the two may be left out.

    The bytes are counted by the journal, and resets do not clear the account; bytes that were fetched in vain count
    too. What TLS, MQTT and the resending of lost packets cost is not counted. The hours are those of the service.

    It cannot know of a budget that is never enough: a release with `within` is fetched without a bound once its time
    is over, a job that times out before that fails, and a server that cannot resume makes the download begin again.

    *Raises* ValueError for a budget that is no whole number from 16,384, and for none.
    """

    def __init__(self, *, per_day: "int | None" = None, per_month: "int | None" = None) -> None:
        if per_day is None and per_month is None:
            raise ValueError("per_day, per_month: expected at least one of the two, got none")
        self._per_day = _budget("per_day", per_day)
        self._per_month = _budget("per_month", per_month)

    def __call__(self, offer: "Offer") -> "Now | Later":
        """`Now` for what is left of the budgets; `Later` when one is spent. Nothing is fetched for a restart."""
        if not offer.left_bytes:
            return Now()
        most_bytes = None
        for reason, budget, spent_bytes in (
            ("day-budget", self._per_day, offer.day_bytes),
            ("month-budget", self._per_month, offer.month_bytes),
        ):
            if budget is not None:
                room_bytes = budget - spent_bytes
                if room_bytes < min(MIN_BUDGET_BYTES, offer.left_bytes):
                    return Later(reason, again_s=_AGAIN_S)
                most_bytes = room_bytes if most_bytes is None else min(most_bytes, room_bytes)
        return Now(max_bytes=most_bytes)


def _budget(name: str, value: "int | None") -> "int | None":
    if value is not None and not is_whole(value, MIN_BUDGET_BYTES, 1 << 50):
        raise ValueError(f"{name}: expected a whole number of bytes from {MIN_BUDGET_BYTES}, got {value!r}")
    return value
