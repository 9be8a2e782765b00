"""A policy that slows downloads down, so that the device's other work keeps its share of the link.

    policy = MaxRate(65_536)

Combine it with others by `all_of`.
"""

from fota.fields import is_whole
from fota.policy import Now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.policy import Offer


class MaxRate:
    """Always `Now`, with at most `bytes_per_s` bytes of the image in a second.

    *Raises* ValueError for a rate that is no whole number from 1.
    """

    def __init__(self, bytes_per_s: int) -> None:
        if not is_whole(bytes_per_s, 1, 1 << 50):
            raise ValueError(f"bytes_per_s: expected a whole number from 1, got {bytes_per_s!r}")
        self._answer = Now(max_bytes_per_s=bytes_per_s)

    def __call__(self, _offer: "Offer") -> "Now":
        """`Now`, slowly."""
        return self._answer
