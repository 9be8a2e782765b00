"""Whether a device takes patches, and the one that it has: small, since every device loads it.

How an image is made from a patch is in `fota.patch`, which a device without a place for patches need not hold.
"""

from fota.errors import StorageFailed
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.boards import Board
    from fota.digests import Digests
    from fota.install import Installer
    from fota.patch.patched import PatchedInstaller


class Patches:
    """The patches of one device; the image that asks runs in `running_slot`."""

    def __init__(self, board: "Board", installer: "Installer", running_slot: int) -> None:
        self._board = board
        self._installer = installer
        self._running_slot = running_slot
        self.are_taken: "bool" = board.patches is not None
        """Whether there is a place for them."""

    def running(self) -> "Digests | None":
        """The digests of the image that runs, as it was sealed; None if its seal is lost. *Raises* StorageFailed."""
        return self._board.slots.seal_of(self._running_slot)

    def require_room(self, slot: int, size_bytes: int, patch_bytes: int) -> None:
        """*Raises* NoSpace unless an image and its patch will have room; StorageFailed. Removes a patch left over."""
        self.remove()
        self._board.slots.require_room(slot, size_bytes + patch_bytes, 0)

    def remove(self) -> None:
        """Remove the patch, if there is one. One that cannot be removed now takes room until the next update ends."""
        try:
            if self._board.patches is not None:
                self._board.patches.remove()
        except StorageFailed as error:
            log("patch-not-removed", problem=error)

    def forget_update(self, **facts: object) -> None:
        """Forget the update, and its patch; see `fota.journal.Journal.clear`."""
        # Cut after this: the report is still due, and needs no patch.
        self.remove()
        self._board.journal.clear(**facts)  # type: ignore[arg-type]  # as they were given

    def installer(self) -> "PatchedInstaller":
        """What installs an image from a patch, as `Installer` does without one."""
        # Imported late: few updates come as patches.
        from fota.patch.patched import PatchedInstaller

        if self._board.patches is None:
            raise ValueError("there is no place for a patch here")
        return PatchedInstaller(self._installer, self._board.slots, self._board.patches, self._running_slot)
