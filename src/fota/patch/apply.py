"""Makes the new image from the old one and a patch, in constant memory. Trusts neither of them.

The records of a patch are those of bsdiff, each cut into parts where old and new have the same bytes for a while:

    part    copy N       take N bytes of the old image as they are
            add N        take N bytes of the old image, and add to each the byte of the patch, modulo 256
    and at the end of a record
            extra N      take N bytes of the patch
            seek S       go S bytes forward in the old image, or back

Every part makes one byte at least, so the patch ends; no byte past the promised size is made.
What comes out is verified by the caller, who has the signed digest of it.
"""

from fota.errors import PatchFailed
from fota.patch import head as heads
from fota.patch.inflate import Inflated
from fota.waiting import still_waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.slots import Reader, SeekableReader

# Before their use: byte code for boards knows a constant from its line on.
_FEW_BYTES = 24
_STEP_BYTES = 256


def read_head(patch: "Reader", buffer: "memoryview") -> heads.PatchHead:
    """Read the head of a patch from its beginning. *Raises* PatchFailed, StorageFailed."""
    filled = 0
    while filled < heads.HEAD_BYTES:
        count = patch.readinto(buffer[filled : heads.HEAD_BYTES])
        if not count:
            break
        filled += count
    return heads.decode(buffer[:filled])


def apply(
    head: heads.PatchHead,
    patch: "Reader",
    old: "SeekableReader | None",
    write: "Callable[[memoryview], object]",
    buffer: "memoryview",
) -> None:
    """Hand the bytes of the new image to `write`, in order: as many as `head` promises, never more.

    `patch` was read up to the end of its head. `old` holds the image that the head names, which the caller has
    proven; None if the patch starts from nothing. Only `buffer` is used: what `write` gets is overwritten later.
    *Blocks* until done. *Raises* PatchFailed if the patch is damaged or for another image, StorageFailed, and what
    `write` raises; what was written by then is not the image.
    """
    _Applying(head, Inflated(patch, head.window_bits), old, write, buffer).run()


class _Applying:
    """One patch on its way into a slot. Half of the buffer is what was made, the other half what is added to it."""

    def __init__(
        self,
        head: heads.PatchHead,
        records: Inflated,
        old: "SeekableReader | None",
        write: "Callable[[memoryview], object]",
        buffer: "memoryview",
    ) -> None:
        self._records = records
        self._old = old
        self._old_bytes = head.old_bytes if old else 0
        self._write = write
        self._half = len(buffer) // 2
        self._made = buffer[: self._half]
        self._filled = 0
        self._difference = buffer[self._half : 2 * self._half]
        self._left_bytes = head.new_bytes
        self._place = 0
        """Where the next bytes of the old image are taken from,"""
        self._reader_place = 0
        """and where its reader stands."""

    def run(self) -> None:
        number = self._records.number
        while self._left_bytes:
            copy, add = number(), number()
            is_last = add & 1
            add >>= 1
            extra = seek = 0
            if is_last:
                extra, seek = number(), number()
            made = copy + add + extra
            if not 0 < made <= self._left_bytes:
                raise PatchFailed(f"a part makes {made} bytes, and {self._left_bytes} are missing")
            if copy + add > self._old_bytes - self._place:
                raise PatchFailed(f"a part takes bytes behind the end of the old image of {self._old_bytes} bytes")
            if copy + add > self._half - self._filled:
                self._from_old(copy, 0)
                copy = 0
            self._from_old(copy + add, add)
            self._from_patch(extra)
            self._left_bytes -= made
            # Zigzag: even numbers go forward, odd ones back.
            self._place += -(seek >> 1) - 1 if seek & 1 else seek >> 1
            if not 0 <= self._place <= self._old_bytes:
                raise PatchFailed(f"a part seeks to byte {self._place} of an old image of {self._old_bytes}")
        self._records.require_end()
        self._hand_on()

    def _from_old(self, count: int, add: int) -> None:
        """Make bytes from the old image; to the last `add` of them, or to all that fit, the patch is added."""
        while count:
            view = self._room(count)
            self._take(view)
            if add:
                changed = view[-min(add, len(view)) :]
                difference = self._difference[: len(changed)]
                self._records.fill(difference)
                add_to(changed, difference)
            count -= len(view)

    def _from_patch(self, count: int) -> None:
        """Make bytes as they stand in the patch."""
        while count:
            view = self._room(count)
            self._records.fill(view)
            count -= len(view)

    def _room(self, count: int) -> "memoryview":
        """Room for the next bytes, not more than `count`, and one at least."""
        if self._filled == self._half:
            self._hand_on()
        start = self._filled
        self._filled = min(start + count, self._half)
        return self._made[start : self._filled]

    def _take(self, view: "memoryview") -> None:
        """Fill `view` with the next bytes of the old image."""
        old = self._old
        if old is None:
            raise PatchFailed("a part takes bytes of an old image, and the patch starts from nothing")
        if self._reader_place != self._place:
            old.seek(self._place)
        size = len(view)
        count = old.readinto(view)
        while count < size:
            more = old.readinto(view[count:])
            if not more:
                raise PatchFailed(f"the old image ends before byte {self._place + size}")
            count += more
        self._place += size
        self._reader_place = self._place

    def _hand_on(self) -> None:
        self._write(self._made[: self._filled])
        self._filled = 0
        still_waiting()


def add_to(was: "memoryview", difference: "memoryview") -> None:
    """Add `difference` to `was`, byte by byte, modulo 256."""
    size = len(was)
    if size <= _FEW_BYTES:
        for place in range(size):
            was[place] = (was[place] + difference[place]) & 0xFF
        return
    whole_low = int.from_bytes(b"\x7f" * _STEP_BYTES, "little")
    whole_high = int.from_bytes(b"\x80" * _STEP_BYTES, "little")
    for start in range(0, size, _STEP_BYTES):
        part = was[start : start + _STEP_BYTES]
        count = len(part)
        spare = 8 * (_STEP_BYTES - count)
        low, high = whole_low >> spare, whole_high >> spare
        one = int.from_bytes(part, "little")
        other = int.from_bytes(difference[start : start + _STEP_BYTES], "little")
        # The upper bit of each byte is added without a carry, so that no byte reaches the next one.
        total = ((one & low) + (other & low)) ^ ((one ^ other) & high)
        part[:] = total.to_bytes(count, "little")
