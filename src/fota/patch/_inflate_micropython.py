"""MicroPython's half of `inflate`: its `deflate`, which takes the window's bytes of the heap, and no more."""

import io

import deflate  # type: ignore[import-not-found]

from fota.errors import PatchFailed
from fota.patch.head import MAX_NUMBER_BITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.slots import Reader

_STEP_BYTES = 256


class Inflated:
    """Reads a raw deflate stream from a reader."""

    def __init__(self, reader: "Reader", window_bits: int) -> None:
        self._compressed = _Compressed(reader)
        self._stream = deflate.DeflateIO(self._compressed, deflate.RAW, window_bits)
        self._one = memoryview(bytearray(1))

    def fill(self, view: "memoryview") -> None:
        """Fill all of `view` with the next bytes. *Raises* PatchFailed if there are fewer, or they are no deflate."""
        filled = 0
        while filled < len(view):
            count = self._some(view[filled:] if filled else view)
            if not count:
                raise PatchFailed("the patch ends before the image is whole")
            filled += count

    def number(self) -> int:
        """The next number: seven bits a byte, the lowest first; the upper bit says that more follow.

        *Raises* as `fill`, and for a number of more than nine bytes.
        """
        number = shift = 0
        while shift < MAX_NUMBER_BITS:
            self.fill(self._one)
            byte = self._one[0]
            if byte < 0x80:
                return number | byte << shift
            number |= (byte & 0x7F) << shift
            shift += 7
        raise PatchFailed(f"a number has more than {MAX_NUMBER_BITS} bits")

    def require_end(self) -> None:
        """*Raises* PatchFailed if anything follows, in the stream or behind it."""
        if self._some(self._one):
            raise PatchFailed("the patch goes on after the image is whole")
        if self._compressed.readinto(self._one):
            raise PatchFailed("the patch has bytes behind its end")

    def _some(self, view: "memoryview") -> int:
        try:
            return self._stream.readinto(view) or 0
        except (OSError, EOFError) as error:
            raise PatchFailed(f"the patch is no deflate stream: {error}", cause=error)


class _Compressed(io.IOBase):
    """What `deflate` reads from, a byte at a time: a few of them are read at once."""

    def __init__(self, reader: "Reader") -> None:
        self._reader = reader
        self._buffer = memoryview(bytearray(_STEP_BYTES))
        self._count = 0
        self._used = 0

    def readinto(self, view: "memoryview") -> int:
        if self._used == self._count:
            self._count, self._used = self._reader.readinto(self._buffer), 0
            if not self._count:
                return 0
        view[0] = self._buffer[self._used]
        self._used += 1
        return 1
