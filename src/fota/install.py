"""An image into a slot, proven by reading it back.

The hashes of what came tell a wrong download from a wrong disk; what is read back decides. What is on storage is
put on record at intervals, so that a reset costs little.
"""

from fota import image
from fota.download import Download
from fota.errors import HashMismatch, StorageFailed
from fota.image import Hasher
from fota.log import log
from fota.machine import BUFFER_BYTES
from fota.proven import Proven

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from fota.download import Clock, Limits, Source
    from fota.http import Client
    from fota.image import Digests
    from fota.progress import Progress
    from fota.slots import Slots, Writer

    class Ledger(Protocol):
        """Remembers across a reset how far a download is proven."""

        def load(self) -> Proven:
            """What was saved last; nothing proven, if nothing was."""

        def save(self, proven: Proven) -> None:
            """Survives a reset once this returns. *Raises* StorageFailed."""


PROVE_EVERY_BYTES = 262_144
PROVE_EVERY_MS = 250
"""Progress is put on record when both have passed: a reset costs at most that much, or one second's download."""


class Installer:
    """Puts images into slots; holds what that needs of the machine."""

    def __init__(
        self,
        slots: "Slots",
        client: "Client",
        clock: "Clock",
        limits: "Limits | None" = None,
        buffer_bytes: int = BUFFER_BYTES,
        prove_every_bytes: int = PROVE_EVERY_BYTES,
    ) -> None:
        self._slots = slots
        self._client = client
        self._clock = clock
        self._limits = limits
        # Made once, and early: in a small heap there may be no room in one piece for it later.
        self._buffer = memoryview(bytearray(buffer_bytes))
        self._prove_every_bytes = prove_every_bytes

    def install(
        self,
        source: "Source",
        wanted: "Digests",
        slot: int,
        progress: "Progress",
        ledger: "Ledger | None" = None,
    ) -> None:
        """Download the image into `slot`, flush it, read it back, and seal the slot if it is what was wanted.

        Goes on where the ledger says that an earlier download was proven to have come, if storage agrees.
        *Blocks* until done or failed. A failure, or a reset at any point, leaves the slot without a seal.
        *Raises* DownloadFailed, HashMismatch, StorageFailed, ImageTooLarge, and what source and ledger raise.
        """
        came = self._receive(source, wanted, slot, progress, ledger)
        if not wanted.matches(came):
            raise HashMismatch(_difference(wanted, came))
        progress.proving(slot)
        if not image.holds(self._slots, slot, came, self._buffer):
            raise StorageFailed(f"slot {slot} reads back other bytes than were written")
        # Cut after this: the slot proves itself; nothing is downloaded again.
        self._slots.seal(slot, came)
        log("installed", slot=slot, size_bytes=wanted.size_bytes)
        progress.installed(slot)

    def holds(self, slot: int, wanted: "Digests") -> bool:
        """Whether the slot, read now, proves to hold the wanted image: then nothing need be downloaded."""
        promised = self._slots.seal_of(slot)
        if promised is None or not wanted.matches(promised):
            return False
        return image.proves_itself(self._slots, slot, self._buffer)

    def _receive(
        self, source: "Source", wanted: "Digests", slot: int, progress: "Progress", ledger: "Ledger | None"
    ) -> "Digests":
        start = Proven() if ledger is None else ledger.load()
        size_bytes = wanted.size_bytes
        hasher = Hasher()
        if not 0 < start.offset_bytes <= size_bytes or not self._is_proven(slot, start, hasher):
            start, hasher = start.from_the_start(), Hasher()
        writer = self._slots.resume(slot, size_bytes, start.offset_bytes)
        try:
            download = Download(
                source, size_bytes, client=self._client, clock=self._clock, limits=self._limits, start=start
            )
            intake = _Intake(writer, hasher, download, ledger, self._clock, self._prove_every_bytes)
            download.run(intake, self._buffer, progress)
        finally:
            writer.close()
        return intake.hasher.digests()

    def _is_proven(self, slot: int, start: Proven, hasher: Hasher) -> bool:
        """Whether storage holds the bytes said to be proven, which are hashed again."""
        count = image.pass_on(self._slots, slot, start.offset_bytes, self._buffer, hasher.update)
        return count == start.offset_bytes and hasher.crc32 == start.crc32


class _Intake:
    """Bytes on their way into a slot: hashed as they pass, and put on record at intervals."""

    def __init__(
        self,
        writer: "Writer",
        hasher: Hasher,
        download: Download,
        ledger: "Ledger | None",
        clock: "Clock",
        every_bytes: int,
    ) -> None:
        self.hasher = hasher
        self.writer = writer
        self.download = download
        self.ledger = ledger
        self.clock = clock
        self.every_bytes = every_bytes
        self.since_bytes = 0
        self.due_ms = clock.now_ms() + PROVE_EVERY_MS

    def write(self, chunk: "memoryview") -> None:
        self.hasher.update(chunk)
        self.writer.write(chunk)
        self.since_bytes += len(chunk)
        if self.ledger is None or self.since_bytes < self.every_bytes or self.clock.now_ms() < self.due_ms:
            return
        self.writer.flush()
        # Cut after this: the download goes on here. Before the flush it would name bytes that may be lost.
        self.ledger.save(self.download.reached(self.hasher.crc32))
        self.since_bytes = 0
        self.due_ms = self.clock.now_ms() + PROVE_EVERY_MS

    def restart(self) -> None:
        self.hasher = Hasher()
        self.writer.restart()


def _difference(wanted: "Digests", came: "Digests") -> str:
    """By which digest they differ: the download has seen to their size."""
    name, expected, got = "SHA-256", wanted.sha256, came.sha256
    if wanted.md5 != came.md5:
        name, expected, got = "MD5", wanted.md5, came.md5
    return f"{name}: expected {(expected or b'').hex()}, got {(got or b'').hex()}"
