"""Slots as files in a home folder: `slot-N.img` is the image, `slot-N.seal` the digests it proved to have.

The geometry, `slots.json`, is written once, when the home is provisioned, and never again.
"""

import json
import os

from fota import image
from fota.durable import DurableValue
from fota.errors import ImageTooLarge, NotProvisioned
from fota.record import MOST_SLOTS
from fota.storage import SlotReader, SlotWriter, cell_pair

GEOMETRY = "slots.json"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.image import Digests

_BROKEN = b""


class FileSlots:
    """The back-end for file systems. See `fota.slots` for the contract."""

    def __init__(self, home: str, count: int, capacity_bytes: int) -> None:
        self.count = count
        self._home = home
        self._capacity_bytes = capacity_bytes

    @staticmethod
    def open(home: str) -> "FileSlots":
        """The slots of a provisioned home. *Raises* NotProvisioned.

        A geometry that cannot be read leaves the device bootable and closed to updates: the slots are
        counted, and none has room for an image.
        """
        if not _exists(home + "/" + GEOMETRY) and not _holds_slot(home, 0):
            raise NotProvisioned(f"{home}: no slots here; provision it with: fota-boot --home DIR --factory IMAGE")
        try:
            with open(home + "/" + GEOMETRY) as file:
                geometry = json.load(file)
            count, capacity_bytes = geometry["slots"], geometry["slot_size_bytes"]
            if type(count) is not int or type(capacity_bytes) is not int or not 2 <= count <= MOST_SLOTS:
                raise ValueError(geometry)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError):
            # RuntimeError: nested deeper than the interpreter goes.
            count, capacity_bytes = 1, 0
            while count < MOST_SLOTS and _holds_slot(home, count):
                count += 1
        return FileSlots(home, count, capacity_bytes)

    def image_path(self, slot: int) -> str:
        """Where the image of a slot lies, for whoever starts it."""
        return f"{self._home}/slot-{slot}.img"

    def capacity_bytes(self, slot: int) -> int:
        """The largest image that the slot can hold; none fits a slot that is not there."""
        return self._capacity_bytes if 0 <= slot < self.count else 0

    def writer(self, slot: int, size_bytes: int) -> "SlotWriter":
        """Begin to fill a slot; its seal is broken first."""
        return self.resume(slot, size_bytes, 0)

    def resume(self, slot: int, size_bytes: int, offset_bytes: int) -> "SlotWriter":
        """Go on filling a slot after a reset; its seal is broken first, if it is whole."""
        capacity_bytes = self.capacity_bytes(slot)
        if size_bytes > capacity_bytes:
            raise ImageTooLarge(f"size: slot {slot} holds {capacity_bytes} bytes, got {size_bytes}")
        if self.seal_of(slot) is not None:
            # Cut after this: a slot without a seal, which nothing starts.
            self._seal_value(slot).save(_BROKEN)
        return SlotWriter(self.image_path(slot), size_bytes, offset_bytes)

    def reader(self, slot: int) -> "SlotReader":
        """Read what the slot holds, through a descriptor of its own."""
        return SlotReader(self.image_path(slot))

    def seal(self, slot: int, digests: "Digests") -> None:
        """Remember that the slot was read back and held these bytes."""
        self._seal_value(slot).save_in_both(image.encode(digests))

    def seal_of(self, slot: int) -> "Digests | None":
        """The digests that the slot was sealed with; None if the seal is broken or damaged."""
        return image.decode(self._seal_value(slot).load() or b"")

    def _seal_value(self, slot: int) -> DurableValue:
        return DurableValue(image.SEAL_MAGIC, *cell_pair(f"{self._home}/slot-{slot}.seal"))


def _holds_slot(home: str, slot: int) -> bool:
    """Whether any file of the slot is there: the loss of one must not hide the others."""
    path = f"{home}/slot-{slot}."
    return _exists(path + "seal-0") or _exists(path + "seal-1") or _exists(path + "img")


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True
