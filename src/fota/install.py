"""An image into a slot, proven by reading it back.

The hashes of what came tell a wrong download from a wrong disk; what is read back decides.
"""

from fota import image
from fota.download import Download
from fota.errors import HashMismatch, StorageFailed
from fota.image import Hasher
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.download import Clock, Limits
    from fota.http import Client
    from fota.image import Digests
    from fota.progress import Progress
    from fota.slots import Slots, Writer

BUFFER_BYTES = 65_536


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
    ) -> None:
        self._slots = slots
        self._client = client
        self._clock = clock
        self._limits = limits
        self._buffer_bytes = buffer_bytes

    def install(self, url: str, wanted: "Digests", slot: int, progress: "Progress") -> None:
        """Download the image into `slot`, flush it, read it back, and seal the slot if it is what was wanted.

        *Blocks* until done or failed. A failure, or a reset at any point, leaves the slot without a seal.
        *Raises* DownloadFailed, HashMismatch, StorageFailed, ImageTooLarge.
        """
        buffer = memoryview(bytearray(self._buffer_bytes))
        writer = self._slots.writer(slot, wanted.size_bytes)
        try:
            came = self._receive(url, wanted, writer, buffer, progress)
        finally:
            writer.close()
        if not wanted.matches(came):
            raise HashMismatch(_difference(wanted, came))
        progress.proving(slot)
        found = image.measure_slot(self._slots, slot, buffer)
        if not came.matches(found):
            raise StorageFailed(f"slot {slot} reads back other bytes than were written")
        self._slots.seal(slot, found)
        log("installed", slot=slot, size_bytes=wanted.size_bytes)
        progress.installed(slot)

    def holds(self, slot: int, wanted: "Digests") -> bool:
        """Whether the slot, read now, proves to hold the wanted image: then nothing need be downloaded."""
        promised = self._slots.seal_of(slot)
        if promised is None or not wanted.matches(promised):
            return False
        return image.proves_itself(self._slots, slot, memoryview(bytearray(self._buffer_bytes)))

    def _receive(
        self, url: str, wanted: "Digests", writer: "Writer", buffer: "memoryview", progress: "Progress"
    ) -> "Digests":
        sink = _HashingSink(writer)
        download = Download(url, wanted.size_bytes, client=self._client, clock=self._clock, limits=self._limits)
        download.run(sink, buffer, progress)
        return sink.hasher.digests()


class _HashingSink:
    """Bytes on their way into a slot, hashed as they pass."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self.hasher = Hasher()

    def write(self, chunk: "memoryview") -> None:
        self.hasher.update(chunk)
        self._writer.write(chunk)

    def restart(self) -> None:
        self.hasher = Hasher()
        self._writer.restart()


def _difference(wanted: "Digests", came: "Digests") -> str:
    if wanted.md5 != came.md5:
        return f"MD5: expected {wanted.md5.hex()}, got {came.md5.hex()}"
    if wanted.sha256 is not None and came.sha256 is not None:
        return f"SHA-256: expected {wanted.sha256.hex()}, got {came.sha256.hex()}"
    return f"size: expected {wanted.size_bytes}, got {came.size_bytes}"
