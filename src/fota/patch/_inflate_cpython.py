"""CPython's half of `inflate`: zlib, which is asked for no more bytes than there is room for."""

import zlib

from fota.errors import PatchFailed
from fota.patch.head import MAX_NUMBER_BITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.slots import Reader

_STEP_BYTES = 65_536


class Inflated:
    """Reads a raw deflate stream from a reader. Holds at most 64 KiB of what comes in, and as much decompressed."""

    def __init__(self, reader: "Reader", window_bits: int) -> None:
        self._reader = reader
        self._stream = zlib.decompressobj(-window_bits)
        self._buffer = memoryview(bytearray(_STEP_BYTES))
        self._compressed: "bytes | memoryview" = b""
        self._ready = b""
        self._used = 0

    def fill(self, view: "memoryview") -> None:
        """Fill all of `view` with the next bytes. *Raises* PatchFailed if there are fewer, or they are no deflate."""
        size = len(view)
        if size <= len(self._ready) - self._used:
            view[:] = self._ready[self._used : self._used + size]
            self._used += size
            return
        filled = 0
        while filled < size:
            if self._used == len(self._ready) and not self._more():
                raise PatchFailed("the patch ends before the image is whole")
            count = min(size - filled, len(self._ready) - self._used)
            view[filled : filled + count] = self._ready[self._used : self._used + count]
            self._used += count
            filled += count

    def number(self) -> int:
        """The next number: seven bits a byte, the lowest first; the upper bit says that more follow.

        *Raises* as `fill`, and for a number of more than nine bytes.
        """
        number = shift = 0
        while shift < MAX_NUMBER_BITS:
            if self._used == len(self._ready) and not self._more():
                raise PatchFailed("the patch ends before the image is whole")
            byte = self._ready[self._used]
            self._used += 1
            if byte < 0x80:
                return number | byte << shift
            number |= (byte & 0x7F) << shift
            shift += 7
        raise PatchFailed(f"a number has more than {MAX_NUMBER_BITS} bits")

    def require_end(self) -> None:
        """*Raises* PatchFailed if anything follows, in the stream or behind it."""
        if self._used < len(self._ready) or self._more():
            raise PatchFailed("the patch goes on after the image is whole")
        if self._stream.unused_data or self._reader.readinto(self._buffer):
            raise PatchFailed("the patch has bytes behind its end")

    def _more(self) -> bool:
        """Decompress further; False at the end of the stream."""
        self._ready, self._used = b"", 0
        while not self._ready and not self._stream.eof:
            # What the last step left over comes first.
            compressed = self._stream.unconsumed_tail or self._next()
            try:
                self._ready = self._stream.decompress(compressed, _STEP_BYTES)
            except zlib.error as error:
                raise PatchFailed(f"the patch is no deflate stream: {error}", cause=error)
            if not self._ready and not compressed:
                raise PatchFailed("the patch is cut off")
        return bool(self._ready)

    def _next(self) -> "memoryview":
        return self._buffer[: self._reader.readinto(self._buffer)]
