"""Slots on raw flash: each is a block device of its own, such as an `esp32.Partition`.

An image is programmed from the beginning of its slot, block by block, and each block is erased just before: with
ioctl 6, then the form of `writeblocks` that takes an offset and does not erase. No cell is programmed twice.

Seals are not kept in the slot but in cells of the caller, where the boot record is kept: a seal must be broken
before the first block is erased, the image may fill its slot, and code that mounts the slot must find only the image.
Beside the digests a seal holds the size: flash does not know where an image ends.

Flash can be erased by the block only. So a download that goes on in the middle of a block, after a reset, keeps the
head of that block in memory and erases it when there is something to write: a power cut just then loses
verified bytes. The loss is noticed: the check of them in the journal does not match, and the download starts over.

Not for encrypted partitions: ESP-IDF programs those 16 bytes at a time.
https://docs.micropython.org/en/latest/library/vfs.html#vfs.AbstractBlockDev
"""

import struct

from fota.digests import SEAL_MAGIC, decode, encode
from fota.durable import DurableValue
from fota.errors import ImageTooLarge, StorageFailed
from fota.slots import InPlace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from fota.digests import Digests
    from fota.durable import Cell

    class BlockDevice(Protocol):
        """The extended interface of MicroPython's block devices. Each call *raises* OSError."""

        def readblocks(self, block: int, buffer: "memoryview", offset: int) -> None:
            """Fill the buffer, from that byte of that block on."""

        def writeblocks(self, block: int, content: "memoryview", offset: int) -> None:
            """Program erased cells, from that byte of that block on."""

        def ioctl(self, command: int, argument: int) -> "int | None":
            """4: how many blocks; 5: bytes in one; 6: erase a block, and answer 0."""


_SIZE = "<I"
_COUNT = 4
_BLOCK_BYTES = 5
_ERASE = 6


class PartitionSlots(InPlace):
    """The back-end for block devices, slot 0 first. See `fota.slots` for the contract."""

    def __init__(self, devices: "Sequence[BlockDevice]", cells_of: "Callable[[int], tuple[Cell, Cell]]") -> None:
        """`cells_of(slot)` are the two cells of a slot's seal."""
        self.count: "int" = len(devices)
        self._devices = devices
        self._cells_of = cells_of

    def capacity_bytes(self, slot: int) -> int:
        """The largest image that the slot can hold: its whole size; 0 for a slot that is not there."""
        if not 0 <= slot < self.count:
            return 0
        return _ask(self._devices[slot], _COUNT) * _ask(self._devices[slot], _BLOCK_BYTES)

    def writer(self, slot: int, size_bytes: int) -> "PartitionWriter":
        """Begin to fill a slot; its seal is broken first."""
        return self.resume(slot, size_bytes, 0)

    def resume(self, slot: int, size_bytes: int, offset_bytes: int) -> "PartitionWriter":
        """Go on filling a slot after a reset; its seal is broken first."""
        capacity_bytes = self.capacity_bytes(slot)
        if size_bytes > capacity_bytes:
            raise ImageTooLarge(f"size: slot {slot} holds {capacity_bytes} bytes, got {size_bytes}")
        value, broken = self._seal_value(slot), struct.pack(_SIZE, size_bytes)
        if value.load() != broken:
            # Cut after this: a slot without a seal, which nothing starts.
            value.save(broken)
        return PartitionWriter(self._devices[slot], size_bytes, offset_bytes)

    def reader(self, slot: int) -> "PartitionReader":
        """Read as many bytes as were announced to `writer`; bytes that did not come yet may have any value."""
        content = self._seal_value(slot).load() or bytes(4)
        return PartitionReader(self._devices[slot], struct.unpack(_SIZE, content[:4])[0])

    def seal(self, slot: int, digests: "Digests") -> None:
        """Remember that the slot was read back and held these bytes."""
        self._seal_value(slot).save_in_both(encode(digests))

    def seal_of(self, slot: int) -> "Digests | None":
        """The digests that the slot was sealed with; None if the seal is broken or damaged."""
        return decode(self._seal_value(slot).load() or b"")

    def _seal_value(self, slot: int) -> DurableValue:
        first, second = self._cells_of(slot)
        # Both payloads begin with a size: that of the sealed image, or of the one that is being written.
        return DurableValue(SEAL_MAGIC, first, second)


class PartitionWriter:
    """Fills one slot through a buffer of one block. See `fota.slots.Writer`."""

    def __init__(self, device: "BlockDevice", size_bytes: int, offset_bytes: int) -> None:
        block_bytes = _ask(device, _BLOCK_BYTES)
        self._device = device
        self._size_bytes = size_bytes
        self._buffer = memoryview(bytearray(block_bytes))
        self._block = offset_bytes // block_bytes
        self._filled = offset_bytes % block_bytes
        self._stored = self._filled
        """Bytes of this block that are on storage."""
        self._is_erased = False
        """Whether the cells behind those are known to be erased."""
        if self._filled:
            _read(device, self._block, self._buffer[: self._filled], 0)

    def write(self, chunk: "memoryview") -> None:
        """Append all of `chunk`."""
        room = len(self._buffer)
        if self._block * room + self._filled + len(chunk) > self._size_bytes:
            raise ImageTooLarge(f"size: expected {self._size_bytes} bytes, more were written")
        taken = 0
        while taken < len(chunk):
            count = min(len(chunk) - taken, room - self._filled)
            self._buffer[self._filled : self._filled + count] = chunk[taken : taken + count]
            self._filled += count
            taken += count
            if self._filled == room:
                self.flush()
                self._begin(self._block + 1)

    def restart(self) -> None:
        """Forget what was written."""
        self._begin(0)

    def flush(self) -> None:
        """Program what is not on storage yet; the cells behind it stay erased for what follows."""
        if self._filled == self._stored:
            return
        try:
            is_erased, self._is_erased = self._is_erased, False
            if not is_erased:
                self._stored = 0
                # Cut after this: one block is lost; the journal's check shows it.
                if self._device.ioctl(_ERASE, self._block):
                    raise StorageFailed(f"block {self._block} cannot be erased")
            self._device.writeblocks(self._block, self._buffer[self._stored : self._filled], self._stored)
        except OSError as error:
            raise _refused(error)
        self._stored, self._is_erased = self._filled, True

    def close(self) -> None:
        """Program what is not on storage yet."""
        self.flush()

    def _begin(self, block: int) -> None:
        self._block, self._filled, self._stored, self._is_erased = block, 0, 0, False


class PartitionReader:
    """Reads one slot from its beginning. See `fota.slots.Reader`."""

    def __init__(self, device: "BlockDevice", size_bytes: int) -> None:
        self._device = device
        self._size_bytes = size_bytes
        self._offset = 0

    def readinto(self, buffer: "memoryview") -> int:
        """Fill the beginning of `buffer`; 0 at the end."""
        count = min(len(buffer), self._size_bytes - self._offset)
        if count > 0:
            block_bytes = _ask(self._device, _BLOCK_BYTES)
            _read(self._device, self._offset // block_bytes, buffer[:count], self._offset % block_bytes)
            self._offset += count
            return count
        return 0

    def seek(self, offset_bytes: int) -> None:
        """Go on reading at that byte."""
        self._offset = offset_bytes

    def close(self) -> None:
        """Nothing is held open."""


def _ask(device: "BlockDevice", command: int) -> int:
    return device.ioctl(command, 0) or 0


def _read(device: "BlockDevice", block: int, buffer: "memoryview", offset: int) -> None:
    try:
        device.readblocks(block, buffer, offset)
    except OSError as error:
        raise _refused(error)


def _refused(error: OSError) -> StorageFailed:
    return StorageFailed(f"flash: {error}", cause=error)
