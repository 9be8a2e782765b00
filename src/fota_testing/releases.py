"""What a device knows of releases, in memory. Published for porters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fota.floor import FloorStore
from fota.keyring import Keyring, KeyringStore
from fota.releases import RELEASE_BYTES, Releases
from fota_testing.cells import MemoryCell

if TYPE_CHECKING:
    from fota.slots import Slots

IMAGE_KIND = "zipapp"


def releases_in_memory(slots: Slots, keyring: Keyring | None = None) -> Releases:
    """A device that was given this keyring; without one it accepts what is not signed."""
    # A cell without room is one that was never made.
    cells = (MemoryCell(), MemoryCell()) if keyring else (MemoryCell(0), MemoryCell(0))
    keyrings = KeyringStore(*cells)
    if keyring is not None:
        keyrings.save(keyring)
    beside = {slot: (MemoryCell(RELEASE_BYTES), MemoryCell(RELEASE_BYTES)) for slot in range(slots.count)}
    floors = FloorStore(MemoryCell(), MemoryCell())
    return Releases(slots, keyrings, floors, beside.__getitem__, image_kind=IMAGE_KIND)
