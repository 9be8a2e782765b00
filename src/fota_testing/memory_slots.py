"""This file has slots in memory that are stricter than any storage: misuse that a disk would allow fails here.

It is published for porters, as the example of a back-end that `slots_contract.check_slots` passes and as the fake for
tests of code that uses slots. It runs on both interpreters.
"""

from fota.digests import Hasher
from fota.errors import ImageTooLarge, StorageFailed
from fota.slots import InPlace
from fota_testing.flash.cells import PowerCut
from fota_testing.misuse import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.digests import Digests
    from fota.slots import Slots


def measured(slots: "Slots", slot: int, buffer: "memoryview") -> "Digests":
    """The digests of a slot, read through `buffer`, to seal what a test has written. *Raises* StorageFailed."""
    hasher, reader = Hasher(), slots.reader(slot)
    try:
        count = reader.readinto(buffer)
        while count:
            hasher.update(buffer[:count])
            count = reader.readinto(buffer)
    finally:
        reader.close()
    return hasher.digests()


class MemorySlots(InPlace):
    """Slots of one size. Counts what was done to each; fails and loses power on demand."""

    def __init__(self, count: int = 2, capacity_bytes: int = 65_536) -> None:
        self.count = count
        self._capacity_bytes = capacity_bytes
        self._images = [b""] * count
        self._seals: list[Digests | None] = [None] * count
        self._writers: list[MemoryWriter | None] = [None] * count
        self._left_bytes: int | None = None
        self._failure: BaseException | None = None
        self.erases: list[int] = [0] * count
        """How often each slot was begun anew."""
        self.written_bytes: list[int] = [0] * count
        """How many bytes each slot was ever asked to take."""

    def capacity_bytes(self, slot: int) -> int:
        """The largest image that the slot can hold."""
        self._require(slot)
        return self._capacity_bytes

    def writer(self, slot: int, size_bytes: int) -> "MemoryWriter":
        """Begin to fill a slot; breaks its seal and empties it."""
        return self.resume(slot, size_bytes, 0)

    def resume(self, slot: int, size_bytes: int, offset_bytes: int) -> "MemoryWriter":
        """Go on filling a slot after the bytes that storage holds; breaks its seal."""
        self._require(slot)
        if not 0 <= offset_bytes <= len(self._images[slot]):
            raise Misuse(f"resume: slot {slot} holds {len(self._images[slot])} bytes, not {offset_bytes!r}")
        if type(size_bytes) is not int or size_bytes < 0:
            raise Misuse(f"writer: expected a size from 0, got {size_bytes!r}")
        if size_bytes > self._capacity_bytes:
            raise ImageTooLarge(f"slot {slot} holds {self._capacity_bytes} bytes, the image has {size_bytes}")
        if self._writers[slot] is not None:
            raise Misuse(f"writer: slot {slot} is being written already")
        self._seals[slot] = None
        self._images[slot] = self._images[slot][:offset_bytes]
        if not offset_bytes:
            self.erases[slot] += 1
        writer = MemoryWriter(self, slot, size_bytes)
        self._writers[slot] = writer
        return writer

    def reader(self, slot: int) -> "MemoryReader":
        """Read what storage holds: nothing for a slot that is being written."""
        self._require(slot)
        return MemoryReader(self._images[slot])

    def seal(self, slot: int, digests: "Digests") -> None:
        """Remember the verified digests of the slot. *Raises* Misuse unless the slot has these digests."""
        self._require(slot)
        if self._writers[slot] is not None:
            raise Misuse(f"seal: slot {slot} is being written")
        if digests.sha256 is None:
            raise Misuse("seal: expected a SHA-256")
        self._seals[slot] = digests

    def seal_of(self, slot: int) -> "Digests | None":
        """The digests given to `seal` since the last `writer`."""
        self._require(slot)
        return self._seals[slot]

    def put(self, slot: int, content: bytes) -> "Digests":
        """Arrange that the slot holds `content`, sealed; returns its digests. Nothing is counted for this."""
        self._require(slot)
        hasher = Hasher()
        hasher.update(memoryview(content))
        digests = hasher.digests()
        self._images[slot], self._seals[slot] = content, digests
        return digests

    def content(self, slot: int) -> bytes:
        """What storage holds in the slot."""
        self._require(slot)
        return self._images[slot]

    def damage(self, slot: int, offset_bytes: int) -> None:
        """Flip one bit of the stored image."""
        content = bytearray(self.content(slot))
        content[offset_bytes] ^= 1
        self._images[slot] = bytes(content)

    def fail_after(self, count_bytes: int, failure: "BaseException | None" = None) -> None:
        """Make the next write fail after that many more bytes: with StorageFailed, or with the given error."""
        self._left_bytes = count_bytes
        self._failure = failure or StorageFailed("the storage refused")

    def cut_after(self, count_bytes: int) -> None:
        """Make the power fail after that many more bytes; they are on storage, and the writer is dead."""
        self.fail_after(count_bytes, PowerCut(f"after {count_bytes} bytes"))

    def _require(self, slot: int) -> None:
        if type(slot) is not int or not 0 <= slot < self.count:
            raise Misuse(f"slot: expected 0 to {self.count - 1}, got {slot!r}")

    def _take(self, slot: int, pending: bytearray, chunk: bytes) -> None:
        """The bytes of one write that the storage takes before a failure."""
        left_bytes = self._left_bytes
        if left_bytes is not None and self._failure is not None and len(chunk) > left_bytes:
            failure, self._left_bytes, self._failure = self._failure, None, None
            pending.extend(chunk[:left_bytes])
            self.written_bytes[slot] += left_bytes
            if isinstance(failure, PowerCut):
                self._finish(slot, bytes(pending))
            raise failure
        if left_bytes is not None:
            self._left_bytes = left_bytes - len(chunk)
        pending.extend(chunk)
        self.written_bytes[slot] += len(chunk)

    def _finish(self, slot: int, content: bytes) -> None:
        self._images[slot] = content
        self._writers[slot] = None


class MemoryWriter:
    """See `fota.slots.Writer`. Nothing is on storage before `flush` or `close`."""

    def __init__(self, slots: MemorySlots, slot: int, size_bytes: int) -> None:
        self._slots = slots
        self._slot = slot
        self._size_bytes = size_bytes
        self._pending = bytearray(slots._images[slot])
        self._closed = False

    def write(self, chunk: "memoryview") -> None:
        """Append all of `chunk`."""
        if self._closed:
            raise Misuse(f"write: slot {self._slot} is closed")
        if len(self._pending) + len(chunk) > self._size_bytes:
            raise ImageTooLarge(f"size: expected {self._size_bytes} bytes, more were written")
        self._slots._take(self._slot, self._pending, bytes(chunk))

    def restart(self) -> None:
        """Forget what was written."""
        if self._closed:
            raise Misuse(f"restart: slot {self._slot} is closed")
        self._pending = bytearray()

    def flush(self) -> None:
        """Put the bytes so far on storage."""
        if self._closed:
            raise Misuse(f"flush: slot {self._slot} is closed")
        self._slots._images[self._slot] = bytes(self._pending)

    def close(self) -> None:
        """Put every byte on storage."""
        if not self._closed:
            self._closed = True
            if self._slots._writers[self._slot] is self:
                self._slots._finish(self._slot, bytes(self._pending))


class MemoryReader:
    """See `fota.slots.Reader`. It gives few bytes at a time, so that no caller relies on a full buffer."""

    MAX_AT_ONCE_BYTES = 1000

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._offset = 0
        self._closed = False

    def readinto(self, buffer: "memoryview") -> int:
        """Fill the beginning of `buffer`; 0 at the end."""
        if self._closed:
            raise Misuse("readinto: the reader is closed")
        if len(buffer) == 0:
            raise Misuse("readinto: expected room for a byte at least")
        count = max(0, min(len(buffer), self.MAX_AT_ONCE_BYTES, len(self._content) - self._offset))
        buffer[:count] = self._content[self._offset : self._offset + count]
        self._offset += count
        return count

    def seek(self, offset_bytes: int) -> None:
        """Go on reading at that byte."""
        if self._closed:
            raise Misuse("seek: the reader is closed")
        if type(offset_bytes) is not int or offset_bytes < 0:
            raise Misuse(f"seek: expected a byte from 0, got {offset_bytes!r}")
        self._offset = offset_bytes

    def close(self) -> None:
        """Let go of the slot."""
        self._closed = True
