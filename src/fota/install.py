"""An image into a slot, proven by reading it back.

The hashes of what came tell a wrong download from a wrong disk; what is read back decides. What is on storage is
put on record at intervals, so that a reset costs little.
"""

import binascii

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


class NoLedger:
    """Remembers nothing: after a reset the download begins again."""

    def load(self) -> Proven:
        """Nothing."""
        return Proven()

    def save(self, proven: Proven) -> None:
        """Nothing."""


class Installer:
    """Puts images into slots; holds what that needs of the machine."""

    def __init__(
        self,
        slots: "Slots",
        *,
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
        buffer = self._buffer
        came = self._receive(source, wanted, slot, buffer, progress, ledger or NoLedger())
        if not wanted.matches(came):
            raise HashMismatch(_difference(wanted, came))
        progress.proving(slot)
        if not image.holds(self._slots, slot, came, buffer):
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
        self,
        source: "Source",
        wanted: "Digests",
        slot: int,
        buffer: "memoryview",
        progress: "Progress",
        ledger: "Ledger",
    ) -> "Digests":
        start = ledger.load()
        hasher = self._hash_again(slot, start, buffer) if 0 < start.offset_bytes <= wanted.size_bytes else None
        if hasher is None:
            start, hasher = start.from_the_start(), Hasher()
        size_bytes = wanted.size_bytes
        writer = self._slots.resume(slot, size_bytes, start.offset_bytes)
        try:
            download = Download(
                source, size_bytes, client=self._client, clock=self._clock, limits=self._limits, start=start
            )
            intake = _Intake(
                writer, hasher, start.crc32, _Milestones(download, ledger, self._clock, self._prove_every_bytes)
            )
            download.run(intake, buffer, progress)
        finally:
            writer.close()
        return intake.hasher.digests()

    def _hash_again(self, slot: int, start: Proven, buffer: "memoryview") -> "Hasher | None":
        """The hash of the bytes said to be proven, read from storage; None if storage says otherwise."""
        hasher, crc32, left_bytes = Hasher(), 0, start.offset_bytes
        reader = self._slots.reader(slot)
        try:
            while left_bytes:
                count = reader.readinto(buffer[: min(len(buffer), left_bytes)])
                if count == 0:
                    return None
                hasher.update(buffer[:count])
                crc32 = binascii.crc32(buffer[:count], crc32)
                left_bytes -= count
        finally:
            reader.close()
        return hasher if crc32 == start.crc32 else None


class _Milestones:
    """When progress is put on record, and how."""

    def __init__(self, download: Download, ledger: "Ledger", clock: "Clock", every_bytes: int) -> None:
        self._download = download
        self._ledger = ledger
        self._clock = clock
        self._every_bytes = every_bytes
        self._since_bytes = 0
        self._due_ms = clock.now_ms() + PROVE_EVERY_MS

    def passed(self, count: int, writer: "Writer", crc32: int) -> None:
        """So many bytes more were written."""
        self._since_bytes += count
        if self._since_bytes < self._every_bytes or self._clock.now_ms() < self._due_ms:
            return
        writer.flush()
        # Cut after this: the download goes on here. Before the flush it would name bytes that may be lost.
        self._ledger.save(self._download.reached(crc32))
        self._since_bytes = 0
        self._due_ms = self._clock.now_ms() + PROVE_EVERY_MS


class _Intake:
    """Bytes on their way into a slot, hashed as they pass."""

    def __init__(self, writer: "Writer", hasher: Hasher, crc32: int, milestones: _Milestones) -> None:
        self.hasher = hasher
        self._writer = writer
        self._crc32 = crc32
        self._milestones = milestones

    def write(self, chunk: "memoryview") -> None:
        self.hasher.update(chunk)
        self._crc32 = binascii.crc32(chunk, self._crc32)
        self._writer.write(chunk)
        self._milestones.passed(len(chunk), self._writer, self._crc32)

    def restart(self) -> None:
        self.hasher = Hasher()
        self._crc32 = 0
        self._writer.restart()


def _difference(wanted: "Digests", came: "Digests") -> str:
    if wanted.md5 != came.md5:
        return f"MD5: expected {wanted.md5.hex()}, got {came.md5.hex()}"
    if wanted.sha256 is not None and came.sha256 is not None:
        return f"SHA-256: expected {wanted.sha256.hex()}, got {came.sha256.hex()}"
    return f"size: expected {wanted.size_bytes}, got {came.size_bytes}"
