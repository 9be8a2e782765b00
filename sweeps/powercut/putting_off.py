"""A program whose policy puts an update off for a while; and I22: the library keeps to what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fota.policy import DOWNLOAD, RESTART, Later, Now, Offer
from sweeps.powercut.history import Violation
from sweeps.powercut.scenarios import IMAGE_BYTES

if TYPE_CHECKING:
    from sweeps.powercut.server import Meter

AGAIN_S = 5


class PuttingOff:
    """The policy of one power session. It watches the wire too, and tells `meter` what it sees there."""

    def __init__(self, times: int, meter: Meter) -> None:
        """It says later `times` times at each moment of a boot, then lets half of the image come, then the rest."""
        self._times = times
        self._meter = meter
        self._said: dict[str, list[Now | Later]] = {}

    def booted(self) -> None:
        """What was said before a reset is no answer after it."""
        self._said = {DOWNLOAD: [], RESTART: []}

    def __call__(self, offer: Offer) -> Now | Later:
        """The policy itself."""
        said = self._said[offer.moment]
        said.append(Later("busy", again_s=AGAIN_S) if len(said) < self._times else Now(max_bytes=IMAGE_BYTES // 2))
        return said[-1]

    def trial_began(self) -> None:
        """I22 for the restart. *Raises* Violation."""
        self._require(RESTART, "a trial began")

    def asked(self, url: str, first: int) -> None:
        """See `Meter`. I22 for the download. *Raises* Violation."""
        self._require(DOWNLOAD, f"{url} was asked for its bytes from {first} on")
        self._meter.asked(url, first)

    def delivered(self, url: str, end: int, count: int) -> None:
        """See `Meter`."""
        self._meter.delivered(url, end, count)

    def _require(self, moment: str, what: str) -> None:
        said = self._said[moment]
        if self._times and not (said and isinstance(said[-1], Now)):
            raise Violation("I22", f"{what}, and the policy did not say now to it in this boot")
