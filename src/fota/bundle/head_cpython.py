"""Judges a bundle while it is downloaded: its list comes first, and says what the device needs to start it.

So an image that cannot start here costs the bytes of its list, and not all of them. What comes is not proven yet: a
list that cannot be read is left to those who prove the image and unpack it.
"""

from fota._storage_cpython import SlotReader
from fota.bundle import contents_cpython as contents
from fota.bundle.archive_cpython import Bundle
from fota.bundle.trees_cpython import require_room
from fota.machine import misfit
from fota.trust.errors import WrongRuntime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.slots import Writer

_SIZE = slice(22, 26)
"""The number of bytes of the list, in the head of the archive."""


class JudgedWriter:
    """A writer of a slot that *raises* WrongRuntime or NoSpace as soon as the list of a bundle says so."""

    def __init__(self, home: str, slot: int, writer: "Writer", size_bytes: int, offset_bytes: int) -> None:
        self._home = home
        self._slot = slot
        self._size_bytes = size_bytes
        self._writer = writer
        self._came_bytes = offset_bytes
        self._judged_at_bytes: int | None = contents.FIRST_BYTES
        """When this number of bytes came, they are looked at; None: never again."""

    def write(self, chunk: "memoryview") -> None:
        """Append all of `chunk`. *Raises* also WrongRuntime, NoSpace."""
        self._writer.write(chunk)
        self._came_bytes += len(chunk)
        while self._judged_at_bytes is not None and self._came_bytes >= self._judged_at_bytes:
            self._judged_at_bytes = self._look(self._judged_at_bytes)

    def restart(self) -> None:
        """Forget what was written."""
        self._writer.restart()
        self._came_bytes, self._judged_at_bytes = 0, contents.FIRST_BYTES

    def flush(self) -> None:
        """See `fota.slots.Writer`."""
        self._writer.flush()

    def close(self) -> None:
        """See `fota.slots.Writer`."""
        self._writer.close()

    def _look(self, came_bytes: int) -> "int | None":
        """Look at the bytes that came, at least this number; returns when to look again."""
        reader = SlotReader(f"{self._home}/slot-{self._slot}.img")
        try:
            if came_bytes == contents.FIRST_BYTES:
                first = memoryview(bytearray(came_bytes))
                reader.readinto(first)
                list_bytes = int.from_bytes(first[_SIZE], "little")
                is_one = contents.is_bundle(bytes(first)) and list_bytes <= contents.MAX_LIST_BYTES
                return came_bytes + list_bytes if is_one else None
            found = Bundle(reader).contents
        except ValueError:
            return None
        finally:
            reader.close()
        problem = misfit(found.runtime, found.boot)
        if problem:
            raise WrongRuntime(problem)
        require_room(self._home, self._slot, self._size_bytes, found.tree_bytes)
        return None


def judged(home: str, slot: int, writer: "Writer", size_bytes: int, offset_bytes: int) -> JudgedWriter:
    """The writer, which raises also WrongRuntime and NoSpace while an image comes."""
    return JudgedWriter(home, slot, writer, size_bytes, offset_bytes)
