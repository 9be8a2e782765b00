"""This file has a cell in memory that loses power in the middle of a write, for code that keeps state in two copies.

It is published for porters, meets `fota.durable.Cell` and runs on both interpreters.
"""

from fota.durable import CELL_BYTES
from fota.errors import StorageFailed


class PowerCut(BaseException):
    """The power is gone: the program does not run on. It is no Exception, so that nobody handles it by mistake."""


class MemoryCell:
    """A cell in memory. What it holds survives a PowerCut, torn at the byte where the power failed."""

    def __init__(self, size_bytes: int = CELL_BYTES, content: bytes = b"") -> None:
        self.size_bytes = size_bytes
        self._content = bytearray(size_bytes)
        self._content[: len(content)] = content
        self._left_bytes: int | None = None
        self._erases = False
        self.writes: int = 0
        """How many writes were begun."""
        self.broken = False
        """While True, every write raises StorageFailed and changes nothing; reads still work."""
        self.unreadable = False
        """While True, reads give nothing, as from a file that is gone."""
        self.refuses_reads = False
        """While True, every read raises StorageFailed, as a disk that fails or a process without descriptors."""

    def cut_after(self, count_bytes: "int | None", *, erases: bool = False) -> None:
        """Make the power fail once that many more bytes have reached the cell; None: never.

        The write that brings the last of them raises PowerCut: what it did not bring stays as it was, or,
        with `erases`, reads 0xFF, as flash that was erased and not yet written.
        """
        self._left_bytes = count_bytes
        self._erases = erases

    def read(self) -> bytes:
        """All that the cell holds. *Raises* StorageFailed."""
        if self.refuses_reads:
            raise StorageFailed("the cell cannot be read")
        return b"" if self.unreadable else bytes(self._content)

    def is_made(self) -> bool:
        """Whether there is any room: a cell of no bytes plays one that was never made."""
        return self.size_bytes > 0

    def write(self, content: bytes) -> None:
        """Replace the beginning of the cell. *Raises* StorageFailed, PowerCut."""
        self.writes += 1
        if len(content) > self.size_bytes:
            raise StorageFailed(f"{len(content)} bytes do not fit into {self.size_bytes}")
        if self.broken:
            raise StorageFailed("the cell is broken")
        if self._left_bytes is not None and self._left_bytes <= len(content):
            self._tear(content[: self._left_bytes])
        if self._left_bytes is not None:
            self._left_bytes -= len(content)
        self._content[: len(content)] = content

    def _tear(self, arrived: bytes) -> None:
        self._left_bytes = None
        if self._erases:
            self._content[:] = b"\xff" * self.size_bytes
        self._content[: len(arrived)] = arrived
        raise PowerCut(f"after {len(arrived)} bytes")
