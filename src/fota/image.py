"""What bytes are: their number, MD5 and SHA-256, and whether a slot holds the bytes it once proved to hold."""

import binascii
import hashlib
import struct

from fota.errors import StorageFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.slots import Slots

SEAL_MAGIC = b"SEAL"
"""Of the value that a slot's seal is kept in, whichever back-end keeps it."""

_PROOF = "<I16s32s"
_PROOF_BYTES = 52


class Digests:
    """Size, MD5 and SHA-256 of an image. `sha256` is None where only the other two are promised."""

    def __init__(self, size_bytes: int, md5: bytes, sha256: "bytes | None") -> None:
        self.size_bytes = size_bytes
        self.md5 = md5
        self.sha256 = sha256

    def matches(self, other: "Digests") -> bool:
        """Whether both can be of the same bytes, as far as both say."""
        return (
            self.size_bytes == other.size_bytes
            and self.md5 == other.md5
            and (self.sha256 is None or other.sha256 is None or self.sha256 == other.sha256)
        )


class Hasher:
    """Digests of bytes as they pass, and their CRC."""

    def __init__(self) -> None:
        self.crc32 = 0
        self._size_bytes = 0
        self._md5 = hashlib.md5()  # noqa: S324 - the protocol's own checksum; SHA-256 stands beside it
        self._sha256 = hashlib.sha256()

    def update(self, chunk: "memoryview") -> None:
        """Take the next bytes into account."""
        self.crc32 = binascii.crc32(chunk, self.crc32)
        self._size_bytes += len(chunk)
        self._md5.update(chunk)
        self._sha256.update(chunk)

    def digests(self) -> Digests:
        """Of all bytes so far. Ends the hashing: MicroPython allows one digest per hash."""
        return Digests(self._size_bytes, self._md5.digest(), self._sha256.digest())


def proves_itself(slots: "Slots", slot: int, buffer: "memoryview") -> bool:
    """Whether the slot, read now, holds the very bytes that were proven when it was sealed.

    A slot that cannot be read proves nothing; it must not keep another from being started.
    """
    promised = slots.seal_of(slot)
    try:
        return promised is not None and holds(slots, slot, promised, buffer)
    except StorageFailed:
        return False


def holds(slots: "Slots", slot: int, expected: Digests, buffer: "memoryview") -> bool:
    """Whether a slot holds the expected bytes, read now, by their number and SHA-256. *Raises* StorageFailed.

    Their MD5 is not asked for again: it was that of the bytes with this SHA-256 when they came.
    """
    sha256 = hashlib.sha256()
    # One byte more than expected is one too many.
    size_bytes = pass_on(slots, slot, expected.size_bytes + 1, buffer, sha256.update)
    return (size_bytes, sha256.digest()) == (expected.size_bytes, expected.sha256)


def pass_on(
    slots: "Slots", slot: int, most_bytes: int, buffer: "memoryview", take: "Callable[[memoryview], object]"
) -> int:
    """Hand the first so many bytes of a slot to `take`; how many there were. *Raises* StorageFailed."""
    size_bytes = 0
    reader = slots.reader(slot)
    try:
        while size_bytes < most_bytes:
            count = reader.readinto(buffer[: min(len(buffer), most_bytes - size_bytes)])
            if count == 0:
                break
            take(buffer[:count])
            size_bytes += count
    finally:
        reader.close()
    return size_bytes


def encode(digests: Digests) -> bytes:
    """As bytes of fixed length, for a slot's seal. *Raises* ValueError without a SHA-256."""
    if digests.sha256 is None:
        raise ValueError("a seal needs a SHA-256")
    return struct.pack(_PROOF, digests.size_bytes, digests.md5, digests.sha256)


def decode(content: bytes) -> "Digests | None":
    """The digests that the bytes stand for; None if their number is wrong."""
    if len(content) != _PROOF_BYTES:
        return None
    size_bytes, md5, sha256 = struct.unpack(_PROOF, content)
    return Digests(size_bytes, md5, sha256)
