"""A small value that survives a power cut at any byte.

Two copies, each with a sequence number and a CRC over the whole of it, are written alternately: while one is
being written the other is whole, so that a torn write reads as the value before it. Knows nothing of what the
value means.
"""

import binascii
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Cell(Protocol):
        """A place of fixed size that holds one copy."""

        size_bytes: int

        def read(self) -> bytes:
            """Return what the place holds, maybe without zeros at its end; empty when it cannot be read."""

        def is_made(self) -> bool:
            """Whether the place was ever made, readable or not; True when in doubt."""

        def write(self, content: bytes) -> None:
            """Replace its beginning; durable on return. *Raises* StorageFailed."""


CELL_BYTES = 4096
"""One block of most file systems, one erase sector of most flash chips."""

_HEAD = "<4sQH"
_HEAD_BYTES = 14
_CRC_BYTES = 4
_MOST_SEQUENCE = 1 << 62


class DurableValue:
    """Bytes under one name, kept in two cells. `magic` is four bytes that say whose they are.

    A copy of whose payload `decode` makes None counts as damaged: the other one serves.
    """

    def __init__(
        self, magic: bytes, first: "Cell", second: "Cell", decode: "Callable[[bytes], object]" = bytes
    ) -> None:
        self._magic = magic
        self._cells = (first, second)
        self._decode = decode

    def load(self) -> "bytes | None":
        """The value saved last; None if neither copy is whole."""
        newest = self._newest(self._copies())
        return None if newest is None else newest[1]

    def save(self, payload: bytes) -> None:
        """Replace the value. Survives a reset once this returns; cut before, the old value stands.

        *Raises* StorageFailed; then it is the old value or the new one that stands: `load` says which.
        """
        copies = self._copies()
        newest = self._newest(copies)
        target = 0 if newest is None else 1 - newest[2]
        # Past every whole copy, decoded or not: another version of this code may decode what this one does not.
        sequence = max(copies)[0] + 1
        cell = self._cells[target]
        if copies[target][0] == 0 and any(cell.read()):
            # What a torn write left is wiped first. Written over, and torn again, the two could add up to the
            # earlier one: both have this sequence number, and most bytes are alike.
            cell.write(bytes(cell.size_bytes))
        body = struct.pack(_HEAD, self._magic, sequence, len(payload)) + payload
        cell.write(body + struct.pack("<I", binascii.crc32(body)))

    def save_in_both(self, payload: bytes) -> None:
        """As `save`, into both copies, unless both hold it: the loss of either then brings back no older value."""
        first, second = self._copies()
        if 0 in (first[0], second[0]) or not first[1] == second[1] == payload:
            for _ in self._cells:
                self.save(payload)

    def _newest(self, copies: "list[tuple[int, bytes, int]]") -> "tuple[int, bytes, int] | None":
        for copy in sorted(copies, reverse=True):
            if copy[0] and self._decode(copy[1]) is not None:
                return copy
        return None

    def _copies(self) -> "list[tuple[int, bytes, int]]":
        """Sequence number, payload and cell of each copy; the number of one that is not whole is 0."""
        copies: "list[tuple[int, bytes, int]]" = []
        for cell in self._cells:
            sequence, payload = _unframed(self._magic, cell.read(), cell.size_bytes)
            copies.append((sequence, payload, len(copies)))
        return copies


def _unframed(magic: bytes, content: bytes, most_bytes: int) -> "tuple[int, bytes]":
    """The sequence number and payload of one copy; 0 and nothing unless every byte of it is as it was written."""
    if len(content) >= _HEAD_BYTES + _CRC_BYTES:
        found_magic, sequence, length = struct.unpack(_HEAD, content[:_HEAD_BYTES])
        end = _HEAD_BYTES + length
        if found_magic == magic and 0 < sequence < _MOST_SEQUENCE and end + _CRC_BYTES <= most_bytes:
            content += bytes(max(0, end + _CRC_BYTES - len(content)))
            (crc,) = struct.unpack("<I", content[end : end + _CRC_BYTES])
            if crc == binascii.crc32(content[:end]):
                return sequence, content[_HEAD_BYTES:end]
    return 0, b""
