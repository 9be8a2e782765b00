"""This file makes what a device knows of releases, in memory. It is published for porters and runs on both
interpreters.
"""

from fota.trust.floor import FloorStore
from fota.trust.keyring import KeyringStore
from fota.trust.releases import RELEASE_BYTES, Releases
from fota_testing.flash.cells import MemoryCell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.slots import Slots
    from fota.trust.keyring import Keyring

IMAGE_KINDS = ("zipapp",)


def releases_in_memory(slots: "Slots", keyring: "Keyring | None" = None) -> Releases:
    """A device that was given this keyring; without one it accepts unsigned releases."""
    # A cell without room plays one that was never made.
    cells = (MemoryCell(), MemoryCell()) if keyring else (MemoryCell(0), MemoryCell(0))
    keyrings = KeyringStore(*cells)
    if keyring is not None:
        keyrings.save(keyring)
    beside = {slot: (MemoryCell(RELEASE_BYTES), MemoryCell(RELEASE_BYTES)) for slot in range(slots.count)}
    floors = FloorStore(MemoryCell(), MemoryCell())
    return Releases(slots, keyrings, floors, lambda slot: beside[slot], image_kinds=IMAGE_KINDS)
