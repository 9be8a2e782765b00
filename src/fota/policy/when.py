"""A policy that asks a function of the program: whether the battery is full enough, the machine idle, the load low.

    policy = When(lambda: battery_percent() >= 50, "battery-low")

The reason is what the operator sees.
"""

from fota.fields import is_whole
from fota.policy import Later, Now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.policy import Offer


class When:
    """`Now` where `function()` returns True; `Later(reason)` for anything else. The function must be quick.

    It is called again after `again_s` seconds; a download that has begun goes on meanwhile.

    *Raises* ValueError for what cannot be called, for a reason that `Later` refuses, and for an `again_s` that is no
    whole number from 1 to 86,400.
    """

    def __init__(self, function: "Callable[[], bool]", reason: str, *, again_s: int = 60) -> None:
        if not callable(function):
            raise ValueError(f"function: expected a function, got {function!r}")  # noqa: TRY004
        if not is_whole(again_s, 1, 86_400):
            raise ValueError(f"again_s: expected a whole number from 1 to 86400, got {again_s!r}")
        self._function = function
        self._later = Later(reason, again_s=again_s)

    def __call__(self, _offer: "Offer") -> "Now | Later":
        """Asks the function. *Raises* what that raises, which counts as `Later`."""
        return Now() if self._function() is True else self._later
