"""Installs an image that is made from a patch.

The patch is fetched into a place of its own and proven; so is the image that it starts from. Then it is applied into
the spare slot. A reset at any point costs no byte twice: applying begins again, without the network.
"""

from fota import image
from fota.digests import Digests, Hasher
from fota.errors import PatchFailed
from fota.install import difference
from fota.patch.apply import apply, read_head
from fota.patch.head import HEAD_BYTES
from fota.transfer.checkpoint import Checkpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.boards import PatchPlace
    from fota.install import Installer
    from fota.journal import UpdateInProgress
    from fota.journal_entry import PatchTaken
    from fota.patch.head import PatchHead
    from fota.progress import Progress
    from fota.slots import SeekableReader, Slots, Writer
    from fota.transfer.bounds import Bounds
    from fota.transfer.download import Source

_PATCH = 0
"""The number of the only slot of the place for patches."""


class PatchedInstaller:
    """Puts images into slots that are made from the image that runs, or from nothing, and a patch."""

    def __init__(self, installer: "Installer", slots: "Slots", place: "PatchPlace", running_slot: int) -> None:
        self._installer = installer
        self._slots = slots
        self._place = place
        self._running_slot = running_slot

    def install(
        self,
        source: "Source",
        wanted: Digests,
        slot: int,
        progress: "Progress",
        update: "UpdateInProgress",
        keep_going: "Callable[[int, int], bool] | None" = None,
        *,
        bounds: "Bounds | None" = None,
    ) -> bool:
        """As `Installer.install`, but `source` has the patch that the update takes.

        *Raises* as there, and PatchFailed for a patch that is not the promised one, or from which the image cannot be
        made: the whole image may still do.
        """
        coming = _PatchCheckpoints(update)
        patch = coming.patch
        promised = Digests(patch.size_bytes, b"", patch.sha256)
        intake = self._installer.receive(self._place, source, promised, _PATCH, progress, coming, keep_going, bounds)
        if intake is None:
            return False
        came = intake.hasher.digests()
        if came.sha256 != patch.sha256:
            raise PatchFailed(f"patch: SHA-256: expected {patch.sha256.hex()}, got {(came.sha256 or b'').hex()}")
        if coming.patch.checkpoint.offset_bytes < patch.size_bytes:
            # Cut after this: the patch is on storage, and is applied without the network.
            intake.keep()
        made = self._made(wanted, slot, progress)
        digests = made.hasher.digests()
        if not wanted.matches(digests):
            raise PatchFailed(f"image made from the patch: {difference(wanted, digests)}")
        # If there is no room to unpack it, the whole image is on storage, and the patch can go.
        keep = lambda: update.save(made.checkpoint())  # noqa: E731 - no name says more
        self._installer.prove(slot, digests, progress, keep)
        return True

    def _made(self, wanted: Digests, slot: int, progress: "Progress") -> "_Made":
        """Apply the patch into the slot; what took the bytes that it made. *Raises* PatchFailed, StorageFailed."""
        buffer = self._installer.buffer
        patch = self._place.reader(_PATCH)
        old: "SeekableReader | None" = None
        try:
            # In a buffer of its own: that of a small device may be smaller.
            head = read_head(patch, memoryview(bytearray(HEAD_BYTES)))
            if head.new_bytes != wanted.size_bytes or wanted.sha256 not in (None, head.new_sha256):
                raise PatchFailed(f"patch: it makes the image {head.new_sha256.hex()}, and another one is wanted")
            if not head.starts_from_nothing:
                old = self._proven_old(head)
            writer = self._slots.resume(slot, wanted.size_bytes, 0)
            try:
                made = _Made(writer, wanted.size_bytes, progress)
                apply(head, patch, old, made.write, buffer)
            except MemoryError as error:
                raise PatchFailed("patch: there is no memory to apply it", cause=error)
            finally:
                writer.close()
        finally:
            patch.close()
            if old is not None:
                old.close()
        return made

    def _proven_old(self, head: "PatchHead") -> "SeekableReader":
        """The image that runs, if the patch starts from it and storage holds it. *Raises* PatchFailed."""
        slot = self._running_slot
        sealed = self._slots.seal_of(slot)
        if sealed is None or (sealed.size_bytes, sealed.sha256) != (head.old_bytes, head.old_sha256):
            raise PatchFailed(f"patch: it starts from {head.old_sha256.hex()}, which is not the image that runs")
        if not image.holds(self._slots, slot, sealed, self._installer.buffer):
            raise PatchFailed(f"slot {slot} does not hold the image any more that the patch starts from")
        return self._slots.reader(slot)


class _Made:
    """Takes the bytes that a patch makes on their way into a slot."""

    def __init__(self, writer: "Writer", size_bytes: int, progress: "Progress") -> None:
        self.hasher = Hasher()
        self._writer = writer
        self._size_bytes = size_bytes
        self._progress = progress
        self._done_bytes = 0

    def write(self, chunk: "memoryview") -> None:
        self.hasher.update(chunk)
        self._writer.write(chunk)
        self._done_bytes += len(chunk)
        self._progress.applying(self._done_bytes, self._size_bytes)

    def checkpoint(self) -> Checkpoint:
        """That of a download of the whole image which has brought all of it."""
        return Checkpoint(self._size_bytes, self.hasher.check32())


class _PatchCheckpoints:
    """See `fota.install.CheckpointStore`: that of the patch, beside the one of the whole image."""

    def __init__(self, update: "UpdateInProgress") -> None:
        self._update = update

    @property
    def patch(self) -> "PatchTaken":
        patch = self._update.entry.patch
        if patch is None:
            raise PatchFailed("the update takes no patch")
        return patch

    def load(self) -> Checkpoint:
        return self.patch.checkpoint

    def save(self, checkpoint: Checkpoint) -> None:
        self._update.save_patch(self.patch.at(checkpoint))
