"""What becomes of a patch on a device, spelled alike by both interpreters. It is in the portable subset itself.

The device's own code applies the patch, from its head to the seal of the slot; what is left out is the network, so a
patch is whatever came. A verdict is one line: how it ended, the number of bytes that were written, and the message.

A file of patches: for each one a head with the sizes of what follows, and the digests that the release has promised;
then the patch, and the image in the slot that runs. This module leaves the comparison to `compared`.
"""

import hashlib
import struct

from fota.digests import Digests, Hasher
from fota.errors import FotaError, PatchFailed
from fota.install import Installer
from fota.journal_entry import PatchTaken
from fota.patch.patched import PatchedInstaller
from fota.progress import Progress
from fota_testing.memory_slots import MemorySlots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

SEALED, REFUSED, WRONG, ESCAPED = "sealed", "refused", "WRONG", "ESCAPED"
BUFFER_BYTES = 512
CAPACITY_BYTES = 20_000
_RUNS, _SPARE = 0, 1
_HEAD = "<HHHH16s32s32s"
_HEAD_BYTES = 88


class TooManySteps(Exception):
    """More reads than a patch of this size can need: it may never end."""


class Steps:
    """Counts what is read, up to a bound."""

    def __init__(self, bound: int) -> None:
        self.left = bound

    def take(self) -> None:
        """One more. *Raises* TooManySteps."""
        self.left -= 1
        if self.left < 0:
            raise TooManySteps()


class StepReader:
    """See `fota.slots.SeekableReader`."""

    def __init__(self, reader: "Any", steps: Steps) -> None:
        self._reader = reader
        self._steps = steps
        self.close = reader.close

    def readinto(self, buffer: "memoryview") -> int:
        """The next bytes."""
        self._steps.take()
        return self._reader.readinto(buffer)  # type: ignore[no-any-return]

    def seek(self, offset_bytes: int) -> None:
        """Go on reading at that byte."""
        self._steps.take()
        self._reader.seek(offset_bytes)


class StepSlots(MemorySlots):
    """Slots whose reads are counted. Their writers take more than was promised, so that it shows."""

    steps = Steps(0)

    def resume(self, slot: int, _size_bytes: int, offset_bytes: int) -> "Any":
        """Go on filling a slot."""
        return MemorySlots.resume(self, slot, CAPACITY_BYTES, offset_bytes)

    def reader(self, slot: int) -> "Any":
        """Read a slot, a bounded number of times."""
        return StepReader(MemorySlots.reader(self, slot), self.steps)


class StepPlace(StepSlots):
    """See `fota.boards.PatchPlace`."""

    def remove(self) -> None:
        """Nothing is resumed here."""


class Came:
    """A patch that came whole: see what `Installer.receive` returns."""

    def __init__(self, patch: bytes) -> None:
        self.hasher = Hasher()
        self.hasher.update(memoryview(patch))

    def keep(self) -> None:
        """Nothing is resumed here."""


class WithoutNetwork(Installer):
    """An installer to which a patch has come already: its bytes are what it is asked to fetch."""

    def receive(self, places: "Any", source: "Any", *_others: "Any") -> "Any":
        """Put the bytes into their place."""
        places.put(0, source)
        return Came(source)


class Update:
    """See `fota.journal.UpdateInProgress`: an update that takes this patch, and is cut by nothing."""

    def __init__(self, patch: bytes) -> None:
        self.entry: Update = self
        self.patch = PatchTaken(hashlib.sha256(patch).digest(), len(patch))

    def save(self, checkpoint: object) -> None:
        """Nothing is resumed here."""

    def save_patch(self, patch: object) -> None:
        """Nor here."""


class Stand:
    """A device on which one patch after the other is applied."""

    def __init__(self) -> None:
        self.slots = StepSlots(2, CAPACITY_BYTES)
        self.place = StepPlace(1, 65_535)
        clock: Any = Clock()
        installer = WithoutNetwork(self.slots, clock, clock, buffer_bytes=BUFFER_BYTES)
        self.patched = PatchedInstaller(installer, self.slots, self.place, _RUNS)
        self.progress = Progress()

    def verdict(self, patch: bytes, old: bytes, sealed: Digests, wanted: Digests) -> str:
        """What becomes of a patch, in one line."""
        slots = self.slots
        slots.put(_RUNS, old)
        slots.seal(_RUNS, sealed)
        slots.put(_SPARE, b"")
        before = slots.written_bytes[_SPARE]
        # A part makes a byte at least, and takes three reads at most; 256 bytes of a patch are read together.
        bound = 4 * wanted.size_bytes + len(patch) // 64 + 3 * len(old) // 256 + 40
        self.place.steps = slots.steps = Steps(bound)
        source: Any = patch
        update: Any = Update(patch)
        try:
            self.patched.install(source, wanted, _SPARE, self.progress, update)
            end, said = SEALED, ""
        except PatchFailed as error:
            end, said = REFUSED, plain(str(error))
        except FotaError as error:
            end, said = ESCAPED, error.reason + " " + plain(str(error))
        except Exception as error:  # noqa: BLE001 - whatever comes out is the verdict
            end, said = ESCAPED, type(error).__name__ + " " + plain(str(error))
        if self._is_wrong(end == SEALED, wanted):
            end = WRONG
        return f"{end} {slots.written_bytes[_SPARE] - before} {said}"

    def _is_wrong(self, is_told: bool, wanted: Digests) -> bool:
        """Whether the slot counts as one with an image, and holds another one, or nobody was told."""
        seal = self.slots.seal_of(_SPARE)
        # That of the empty slot is none.
        is_sealed = seal is not None and seal.size_bytes > 0
        is_right = hashlib.sha256(self.slots.content(_SPARE)).digest() == wanted.sha256
        return is_sealed != is_told or (is_sealed and not is_right)


class Clock:
    """A clock that stands, and a client that is never asked."""

    def now_ms(self) -> int:
        """Always the same."""
        return 0


def main(patches: str, verdicts: str) -> None:
    """Read a file of patches, write a file with a line for each."""
    with open(patches, "rb") as file, open(verdicts, "w") as answers:  # noqa: PTH123 - runs where there is no pathlib
        for line in lines(file):
            answers.write(line + "\n")


def lines(file: "BinaryIO") -> "Iterator[str]":
    """The verdict of each patch of a file."""
    stand = Stand()
    while True:
        head = file.read(_HEAD_BYTES)
        if not head:
            return
        patch_bytes, old_bytes, sealed_bytes, size, md5, sha256, sealed = struct.unpack(_HEAD, head)
        patch, old = file.read(patch_bytes), file.read(old_bytes)
        yield stand.verdict(patch, old, Digests(sealed_bytes, b"", sealed), Digests(size, md5, sha256))


def piece(patch: bytes, old: bytes, sealed: Digests, wanted: Digests) -> bytes:
    """A patch, for a file of patches."""
    sizes = (len(patch), len(old), sealed.size_bytes, wanted.size_bytes)
    return struct.pack(_HEAD, *sizes, wanted.md5, wanted.sha256, sealed.sha256) + patch + old


def plain(text: str) -> str:
    """The text on one line, in ASCII."""
    return "".join([c if " " <= c <= "~" else f"<{ord(c)}>" for c in text])
