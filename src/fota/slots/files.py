"""Slots as files in a home folder: `slot-N.img` is the image, `slot-N.seal` the digests it was verified to have.

The geometry, `slots.json`, is written once, when the home is provisioned, and never again.
"""

import json
import os

from fota.digests import SEAL_MAGIC, decode, encode
from fota.durable import CELL_BYTES, DurableValue
from fota.errors import ImageTooLarge, NotProvisioned, StorageFailed
from fota.record import MAX_SLOTS
from fota.storage import FileCell, SlotReader, SlotWriter, cell_pair, forget_tree, judged, make_tree, require_room

GEOMETRY = "slots.json"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.digests import Digests
    from fota.slots import Writer

_BROKEN = b""
_NOT_READ = -1
_NOT_THERE = (2, 20)
"""ENOENT, ENOTDIR."""


class FileSlots:
    """The back-end for file systems. See `fota.slots` for the contract."""

    def __init__(self, home: str, count: int, capacity_bytes: int) -> None:
        self.count = count
        self._home = home
        self._capacity_bytes = capacity_bytes
        # Kept, since each knows whether a write of it has failed.
        self._seals: "dict[int, DurableValue]" = {}

    @staticmethod
    def open(home: str) -> "FileSlots":
        """The slots of a provisioned home. *Raises* NotProvisioned.

        A geometry that is damaged leaves the device bootable and closed to updates: the slots are counted, and
        none has room for an image. One that cannot be read now is asked for again, by `capacity_bytes`.
        """
        if not _exists(home + "/" + GEOMETRY) and not _holds_slot(home, 0):
            raise NotProvisioned(f"{home}: no slots here; provision it with: fota-boot --home DIR --factory IMAGE")
        try:
            count, capacity_bytes = _geometry(home)
        except StorageFailed:
            count, capacity_bytes = 0, _NOT_READ
        if not count:
            count = 1
            while count < MAX_SLOTS and _holds_slot(home, count):
                count += 1
        return FileSlots(home, count, capacity_bytes)

    def image_path(self, slot: int) -> str:
        """The path of a slot's image, for the code that starts it."""
        return f"{self._home}/slot-{slot}.img"

    def capacity_bytes(self, slot: int) -> int:
        """The largest image that the slot can hold; 0 for a slot that is not there. *Raises* StorageFailed."""
        if self._capacity_bytes == _NOT_READ:
            self._capacity_bytes = _geometry(self._home)[1]
        return self._capacity_bytes if 0 <= slot < self.count else 0

    def writer(self, slot: int, size_bytes: int) -> "SlotWriter":
        """Begin to fill a slot; its seal is broken first."""
        return self._opened(slot, size_bytes, 0)

    def resume(self, slot: int, size_bytes: int, offset_bytes: int) -> "Writer":
        """Go on filling a slot after a reset; a bundle that cannot start here is refused as soon as it says so."""
        return judged(self._home, slot, self._opened(slot, size_bytes, offset_bytes), size_bytes, offset_bytes)

    def _opened(self, slot: int, size_bytes: int, offset_bytes: int) -> "SlotWriter":
        """What fills a slot; its seal is broken first, if it is whole."""
        capacity_bytes = self.capacity_bytes(slot)
        if size_bytes > capacity_bytes:
            raise ImageTooLarge(f"size: slot {slot} holds {capacity_bytes} bytes, got {size_bytes}")
        if self.seal_of(slot) is not None:
            # Cut after this: a slot without a seal, which nothing starts.
            self._seal_value(slot).save(_BROKEN)
        # Cut after this, or within: what is left of the tree is removed when the download goes on.
        forget_tree(self._home, slot)
        return SlotWriter(self.image_path(slot), size_bytes, offset_bytes)

    def reader(self, slot: int) -> "SlotReader":
        """Read what the slot holds, through a descriptor of its own."""
        return SlotReader(self.image_path(slot))

    def require_room(self, slot: int, size_bytes: int, tree_bytes: int) -> None:
        """See `fota.slots.Slots`."""
        require_room(self._home, slot, size_bytes, tree_bytes)

    def unpack(self, slot: int, digests: "Digests", keep: "Callable[[], object]") -> None:
        """See `fota.slots.Slots`. A bundle is unpacked; what is none starts as it is."""
        make_tree(self._home, slot, digests, keep)

    def seal(self, slot: int, digests: "Digests") -> None:
        """Remember that the slot was read back and held these bytes."""
        self._seal_value(slot).save_in_both(encode(digests))

    def seal_of(self, slot: int) -> "Digests | None":
        """The digests that the slot was sealed with; None if the seal is broken or damaged."""
        return decode(self._seal_value(slot).load() or b"")

    def _seal_value(self, slot: int) -> DurableValue:
        if slot not in self._seals:
            self._seals[slot] = DurableValue(SEAL_MAGIC, *cell_pair(f"{self._home}/slot-{slot}.seal"))
        return self._seals[slot]


def _geometry(home: str) -> "tuple[int, int]":
    """The number of slots and the size of each; zeros if that is damaged. *Raises* StorageFailed."""
    try:
        geometry = json.loads(FileCell(home + "/" + GEOMETRY, CELL_BYTES).read())
        count, capacity_bytes = geometry["slots"], geometry["slot_size_bytes"]
        if type(count) is not int or type(capacity_bytes) is not int or not 2 <= count <= MAX_SLOTS:
            raise ValueError(geometry)
    except (ValueError, KeyError, TypeError, RuntimeError):
        # RuntimeError: nested deeper than the interpreter goes.
        return 0, 0
    return count, capacity_bytes


def _holds_slot(home: str, slot: int) -> bool:
    """Whether any file of the slot is there: if one file is lost, the others still count."""
    path = f"{home}/slot-{slot}."
    return _exists(path + "seal-0") or _exists(path + "seal-1") or _exists(path + "img")


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno not in _NOT_THERE
    return True
