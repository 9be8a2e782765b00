"""Whether a slot holds the bytes that it should hold: each question is answered by reading the slot now."""

import hashlib

from fota.errors import StorageFailed
from fota.waiting import still_waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.digests import Digests
    from fota.slots import Places, Slots


def proves_itself(slots: "Slots", slot: int, buffer: "memoryview") -> "bool | None":
    """Whether the slot, read now, holds the very bytes that were verified when it was sealed.

    None, which is false too, if it cannot be read now: it must not keep another one from being started.
    """
    try:
        promised = slots.seal_of(slot)
        return promised is not None and holds(slots, slot, promised, buffer)
    except StorageFailed:
        return None


def holds(slots: "Slots", slot: int, expected: "Digests", buffer: "memoryview") -> bool:
    """Whether a slot holds the expected bytes, read now, by their number and SHA-256. *Raises* StorageFailed.

    The MD5 is not computed again: it was checked together with this SHA-256 when the bytes came.
    """
    sha256 = hashlib.sha256()
    # One byte more than expected is one too many.
    size_bytes = pass_on(slots, slot, expected.size_bytes + 1, buffer, sha256.update)
    return (size_bytes, sha256.digest()) == (expected.size_bytes, expected.sha256)


def pass_on(
    slots: "Places", slot: int, max_bytes: int, buffer: "memoryview", take: "Callable[[memoryview], object]"
) -> int:
    """Hand the bytes of a slot to `take`, up to a limit; returns their number. *Raises* StorageFailed."""
    size_bytes = 0
    reader = slots.reader(slot)
    try:
        while size_bytes < max_bytes:
            count = reader.readinto(buffer[: min(len(buffer), max_bytes - size_bytes)])
            if count == 0:
                break
            take(buffer[:count])
            size_bytes += count
            still_waiting()
    finally:
        reader.close()
    return size_bytes
