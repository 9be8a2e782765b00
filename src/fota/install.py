"""Download an image into a slot, and verify it by reading it back.

The hashes of what came tell a wrong download from a wrong disk; what is read back decides. A checkpoint of what is
on storage is saved at intervals, so that a reset costs little.
"""

from fota import image
from fota.digests import Hasher
from fota.errors import HashMismatch, StorageFailed
from fota.log import log
from fota.machine import BUFFER_BYTES
from fota.transfer.checkpoint import Checkpoint
from fota.transfer.decoder import decoder
from fota.transfer.download import Download
from fota.transfer.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from fota.clock import Clock
    from fota.digests import Digests
    from fota.progress import Progress
    from fota.slots import Places, Slots, Writer
    from fota.transfer.bounds import Bounds
    from fota.transfer.download import Source
    from fota.transfer.http import Client

    class CheckpointStore(Protocol):
        """Remembers across a reset how far a download has come."""

        def load(self) -> Checkpoint:
            """The checkpoint saved last; if none was saved, one at the first byte."""

        def save(self, checkpoint: Checkpoint) -> None:
            """Survives a reset once this returns. *Raises* StorageFailed."""


CHECKPOINT_EVERY_BYTES = 262_144
CHECKPOINT_EVERY_MS = 250
"""A checkpoint is saved when both have passed,"""
CHECKPOINT_AT_LEAST_EVERY_MS = 10_000
"""when this has passed, when a connection ends, and, on MicroPython, when nothing came for a second."""


class Installer:
    """Puts images into slots; holds the buffer, the clock and the client that this needs."""

    def __init__(
        self,
        slots: "Slots",
        client: "Client",
        clock: "Clock",
        limits: "Limits | None" = None,
        buffer_bytes: int = BUFFER_BYTES,
        checkpoint_every_bytes: int = CHECKPOINT_EVERY_BYTES,
        count: "Callable[[int], None] | None" = None,
    ) -> None:
        """`count` is called with all bytes that a download brings, those that are of no use included."""
        self._slots = slots
        self._client = client
        self._clock = clock
        self.limits: "Limits" = limits or Limits()
        """A program may change them; the next download keeps to them."""
        # Made once, and early: later a small heap may have no free piece of this size.
        self.buffer: "memoryview" = memoryview(bytearray(buffer_bytes))
        """Used by one call after the other."""
        self._checkpoint_every_bytes = checkpoint_every_bytes
        self._count = count

    def install(
        self,
        source: "Source",
        wanted: "Digests",
        slot: int,
        progress: "Progress",
        checkpoints: "CheckpointStore | None" = None,
        keep_going: "Callable[[int, int], bool] | None" = None,
        *,
        bounds: "Bounds | None" = None,
    ) -> bool:
        """Download the image into `slot`, flush it, read it back, and seal the slot if it matches; returns True.

        Goes on at the last checkpoint of an earlier download, if storage agrees. False if `keep_going` stopped it, or
        `bounds` did, which are spent then, and how far it came is saved; see `fota.transfer.download`.
        *Blocks* until done, stopped or failed. All but the first, and a reset at any point, leave the slot without
        a seal. *Raises* DownloadFailed, HashMismatch, StorageFailed, ImageTooLarge, and what source and checkpoints
        raise.
        """
        intake = self.receive(self._slots, source, wanted, slot, progress, checkpoints, keep_going, bounds)
        if intake is None:
            return False
        came = intake.hasher.digests()
        if not wanted.matches(came):
            raise HashMismatch(difference(wanted, came))
        self.prove(slot, came, progress, intake.keep)
        return True

    def prove(self, slot: int, came: "Digests", progress: "Progress", keep: "Callable[[], object]") -> None:
        """Read back a slot that was written, unpack it, and seal it; `keep` as in `Slots.unpack`.

        *Raises* StorageFailed if it holds other bytes than came, and as `Slots.unpack`; it is not sealed then.
        """
        progress.proving(slot)
        if not image.holds(self._slots, slot, came, self.buffer):
            raise StorageFailed(f"slot {slot} reads back other bytes than were written")
        self._slots.unpack(slot, came, keep)
        # Cut after this: the slot can be verified; nothing is downloaded again.
        self._slots.seal(slot, came)
        log("installed", slot=slot, size_bytes=came.size_bytes)
        progress.installed(slot)

    def holds(self, slot: int, wanted: "Digests") -> "bool | None":
        """Whether the slot, read now, holds the wanted image, so that no download is needed; None if unreadable.

        What is unpacked of the image is made again if it is not whole. *Raises* as `Slots.unpack`.
        """
        promised = self._slots.seal_of(slot)
        if promised is None or not wanted.matches(promised):
            return False
        is_proven = image.proves_itself(self._slots, slot, self.buffer)
        if is_proven:
            # What was made of the image may have been damaged since.
            self._slots.unpack(slot, promised, _nothing)
        return is_proven

    def is_sealed(self, slot: int, wanted: "Digests") -> bool:
        """Whether the slot was sealed with the wanted image. *Raises* StorageFailed."""
        promised = self._slots.seal_of(slot)
        return promised is not None and wanted.matches(promised)

    def require_sealed(self, slot: int, wanted: "Digests") -> None:
        """*Raises* HashMismatch unless the slot, read now, holds the wanted image; StorageFailed."""
        held = self.holds(slot, wanted)
        if held is None:
            raise StorageFailed(f"slot {slot} cannot be read now")
        if not held:
            raise HashMismatch(f"slot {slot} does not hold the image; call update() first")
        promised = self._slots.seal_of(slot)
        if promised is not None:
            # Where a flush failed, the seal may be in a cache only. Nothing is written if both copies have it.
            self._slots.seal(slot, promised)

    def receive(
        self,
        places: "Places",
        source: "Source",
        wanted: "Digests",
        slot: int,
        progress: "Progress",
        checkpoints: "CheckpointStore | None",
        keep_going: "Callable[[int, int], bool] | None",
        bounds: "Bounds | None",
    ) -> "Intake | None":
        """Download into one of the places; what took the bytes that came, or None if the download was stopped.

        What came is on storage then, and not verified. *Raises* as `install`.
        """
        start = Checkpoint() if checkpoints is None else checkpoints.load()
        size_bytes = wanted.size_bytes
        hasher = Hasher(True)
        if not 0 < start.offset_bytes <= size_bytes or not self._is_on_storage(places, slot, start, hasher):
            start, hasher = start.from_the_start(), Hasher()
        writer = places.resume(slot, size_bytes, start.offset_bytes)
        try:
            download = Download(
                source,
                size_bytes,
                client=self._client,
                clock=self._clock,
                limits=self.limits,
                start=start,
                keep_going=keep_going,
                bounds=bounds,
                count=self._count,
            )
            intake = Intake(writer, hasher, download, checkpoints, self._clock, self._checkpoint_every_bytes)
            is_whole = download.run(decoder(intake), self.buffer, progress)
            if not is_whole and bounds is not None:
                intake.stopped()
        finally:
            writer.close()
        return intake if is_whole else None

    def _is_on_storage(self, places: "Places", slot: int, start: Checkpoint, hasher: Hasher) -> bool:
        """Whether storage holds the bytes that the checkpoint says it holds; they are hashed again."""
        count = image.pass_on(places, slot, start.offset_bytes, self.buffer, hasher.update)
        return count == start.offset_bytes and start.check32 in (hasher.crc32, hasher.check32())


class Intake:
    """Takes bytes on their way into a slot: hashes them, and saves a checkpoint at intervals."""

    def __init__(
        self,
        writer: "Writer",
        hasher: Hasher,
        download: Download,
        checkpoints: "CheckpointStore | None",
        clock: "Clock",
        every_bytes: int,
    ) -> None:
        self.hasher: "Hasher" = hasher
        self.writer: "Writer" = writer
        self.download: "Download" = download
        self.checkpoints: "CheckpointStore | None" = checkpoints
        self.clock: "Clock" = clock
        self.every_bytes: "int" = every_bytes
        self.since_bytes: "int" = 0
        self.saved_ms: "int" = clock.now_ms()

    def write(self, chunk: "memoryview") -> None:
        """Take the next bytes, and save how far they came if that is due. *Raises* StorageFailed."""
        self.hasher.update(chunk)
        self.writer.write(chunk)
        self.since_bytes += len(chunk)
        passed_ms = self.clock.now_ms() - self.saved_ms
        is_due = self.since_bytes >= self.every_bytes and passed_ms >= CHECKPOINT_EVERY_MS
        if is_due or passed_ms >= CHECKPOINT_AT_LEAST_EVERY_MS:
            self._save()

    def stalled(self) -> None:
        """Save what came; at most once in a while, since a link may stall at every byte."""
        if self.since_bytes and self.clock.now_ms() - self.saved_ms >= CHECKPOINT_EVERY_MS:
            self._save()

    def stopped(self) -> None:
        """Save what came: it may be a while until the download goes on, if it does."""
        if self.since_bytes or self.clock.now_ms() - self.saved_ms >= CHECKPOINT_AT_LEAST_EVERY_MS:
            self._save()

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        self.writer.flush()
        # Cut after this: the download goes on here. Before the flush it would name bytes that may be lost.
        self.checkpoints.save(self.download.reached(self.hasher.check32()))
        self.since_bytes = 0
        self.saved_ms = self.clock.now_ms()

    def keep(self) -> None:
        """Remember that all of it came, and is on storage: whatever follows, it is not downloaded again."""
        if self.checkpoints is not None:
            self.checkpoints.save(self.download.reached(self.hasher.check32()))

    def restart(self) -> None:
        """Forget all bytes."""
        self.hasher = Hasher()
        self.writer.restart()


def _nothing() -> None:
    """The slot is sealed: there is nothing to remember."""


def difference(wanted: "Digests", came: "Digests") -> str:
    """The name of the digest that differs: the download has checked the size already."""
    name, expected, got = "SHA-256", wanted.sha256, came.sha256
    if wanted.md5 != came.md5:
        name, expected, got = "MD5", wanted.md5, came.md5
    return f"{name}: expected {(expected or b'').hex()}, got {(got or b'').hex()}"
