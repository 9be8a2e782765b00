"""A small value that survives a power cut at any byte.

Two copies, each with a sequence number and a CRC over all of it, are written alternately: while one is being
written the other is whole, so that after a torn write the earlier value is read. A copy that cannot be read now is no
damaged one: with no whole copy beside it, nobody knows the value, and nothing is written in its place.
This file does not know what the value means.
"""

import binascii
import struct

from fota.errors import StorageFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Cell(Protocol):
        """A place of fixed size that holds one copy."""

        size_bytes: int

        def read(self) -> bytes:
            """Return what the place holds, maybe without zeros at its end; empty when it is gone or not trusted.

            *Raises* StorageFailed when it cannot be read now, and may hold anything.
            """

        def is_made(self) -> bool:
            """Whether the place was ever made, readable or not; True when in doubt."""

        def write(self, content: bytes) -> None:
            """Replace the beginning of the place; durable on return. *Raises* StorageFailed."""


CELL_BYTES = 4096
"""One block of most file systems, one erase sector of most flash chips."""

_HEAD = "<4sQH"
_HEAD_BYTES = 14
_CRC_BYTES = 4
_MAX_SEQUENCE = 1 << 62


class DurableValue:
    """Bytes under one name, kept in two cells. `magic` is four bytes that say whose they are.

    A copy that `decode` rejects (returns None for) counts as damaged; the other copy is used.
    `is_sure` False: a flush may have failed before, in another process, and what reads well be in a cache only.
    """

    def __init__(
        self,
        magic: bytes,
        first: "Cell",
        second: "Cell",
        decode: "Callable[[bytes], object]" = bytes,
        *,
        is_sure: bool = True,
    ) -> None:
        self._magic = magic
        self._cells = (first, second)
        self._decode = decode
        self._is_sure = is_sure
        """False once a write has failed: what reads well then may be in a cache only, and gone after a reset."""

    def load(self) -> "bytes | None":
        """The value saved last; None if neither copy is whole. *Raises* StorageFailed when it cannot be read now."""
        newest = self._look()[1]
        return None if newest is None else newest[1]

    def save(self, payload: bytes) -> None:
        """Replace the value. Survives a reset once this returns; cut before, the old value stays.

        *Raises* StorageFailed; then the value is the old one or the new one: `load` says which. If what failed is
        a flush, a reset may bring the old one back all the same.
        """
        copies, newest = self._look()
        target = 0 if newest is None else 1 - newest[2]
        # Higher than in every whole copy, decoded or not: another version may decode what this one cannot.
        sequence = max(copies)[0] + 1
        cell = self._cells[target]
        was_sure, self._is_sure = self._is_sure, False
        if copies[target][0] == 0 and not _is_blank(cell):
            # What a torn write left is wiped first. A second torn write over it could complete the first one:
            # both have this sequence number, and most bytes are alike.
            cell.write(bytes(cell.size_bytes))
        body = struct.pack(_HEAD, self._magic, sequence, len(payload)) + payload
        cell.write(body + struct.pack("<I", binascii.crc32(body)))
        self._is_sure = was_sure

    def save_in_both(self, payload: bytes) -> None:
        """Save into both copies, unless both hold the value: then the loss of either brings back no older value."""
        first, second = self._look()[0]
        if not self._is_sure or 0 in (first[0], second[0]) or not first[1] == second[1] == payload:
            for _ in self._cells:
                self.save(payload)
            self._is_sure = True

    def _newest(self, copies: "list[tuple[int, bytes, int]]") -> "tuple[int, bytes, int] | None":
        for copy in sorted(copies, reverse=True):
            if copy[0] and self._decode(copy[1]) is not None:
                return copy
        return None

    def _look(self) -> "tuple[list[tuple[int, bytes, int]], tuple[int, bytes, int] | None]":
        """Sequence number, payload and cell of each copy, 0 for one that is not whole; and the newest one.

        *Raises* StorageFailed when there is none, and a copy that cannot be read may be it. A copy that was never
        written says that the other one was written once at most: what cannot be read then is a torn first write.
        """
        copies: "list[tuple[int, bytes, int]]" = []
        problem: "StorageFailed | None" = None
        for cell in self._cells:
            content = b""
            try:
                content = cell.read()
            except StorageFailed as error:
                problem = error
            sequence, payload = _unframed(self._magic, content, cell.size_bytes)
            copies.append((sequence, payload, len(copies)))
        newest = self._newest(copies)
        if newest is None and problem is not None and not (_is_blank(self._cells[0]) or _is_blank(self._cells[1])):
            raise problem
        return copies, newest


def _is_blank(cell: "Cell") -> bool:
    try:
        return not any(cell.read())
    except StorageFailed:
        return False


def _unframed(magic: bytes, content: bytes, most_bytes: int) -> "tuple[int, bytes]":
    """The sequence number and payload of one copy; 0 and nothing unless every byte of it is as it was written."""
    if len(content) >= _HEAD_BYTES + _CRC_BYTES:
        found_magic, sequence, length = struct.unpack(_HEAD, content[:_HEAD_BYTES])
        end = _HEAD_BYTES + length
        if found_magic == magic and 0 < sequence < _MAX_SEQUENCE and end + _CRC_BYTES <= most_bytes:
            content += bytes(max(0, end + _CRC_BYTES - len(content)))
            (crc,) = struct.unpack("<I", content[end : end + _CRC_BYTES])
            if crc == binascii.crc32(content[:end]):
                return sequence, content[_HEAD_BYTES:end]
    return 0, b""
