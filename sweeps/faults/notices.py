"""What an image says to the boot chooser of a gateway, on the processes of `kernel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.faults.kernel import Kernel


class VirtualNotices:
    """See `fota_boot.notices.Notices`: what an image that still lives has said."""

    address = "@virtual"

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def readable(self) -> list[object]:
        """Nothing that has a descriptor: `Signals` waits for notices too."""
        return []

    def read(self) -> list[dict[str, str]]:
        """See `Notices.read`."""
        came, self._kernel.notices = self._kernel.notices, []
        return [fields for sender, fields in came if sender.status is None]

    def close(self) -> None:
        """See `Notices.close`."""
