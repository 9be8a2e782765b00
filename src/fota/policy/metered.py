"""A policy that fetches no image over a link that costs money.

    policy = NotMetered(lambda: modem.is_in_use())

Whether a link is metered is a question to the operating system or the modem, which the program's function asks.
"""

from fota.fields import is_whole
from fota.policy import Later, Now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.policy import Offer


class NotMetered:
    """`Now` where `is_metered()` returns False; `Later("metered")` for True, None and anything else.

    So an unknown link counts as metered. The function is not called when nothing is left to fetch. The network may
    change during a download, so after `check_s` seconds that pauses for 5 minutes; then the function is called again.

    *Raises* ValueError for what cannot be called, and for a `check_s` that is no whole number from 1 to 86,400.
    """

    def __init__(self, is_metered: "Callable[[], bool | None]", *, check_s: int = 600) -> None:
        if not callable(is_metered):
            raise ValueError(f"is_metered: expected a function, got {is_metered!r}")  # noqa: TRY004
        if not is_whole(check_s, 1, 86_400):
            raise ValueError(f"check_s: expected a whole number from 1 to 86400, got {check_s!r}")
        self._is_metered = is_metered
        self._check_s = check_s

    def __call__(self, offer: "Offer") -> "Now | Later":
        """Asks the function. *Raises* what that raises, which counts as `Later`."""
        if not offer.left_bytes:
            return Now()
        return Now(for_s=self._check_s) if self._is_metered() is False else Later("metered")
