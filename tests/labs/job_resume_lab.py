"""A device whose downloads are interrupted: by a cut in their midst, or by a URL that expired."""

from collections.abc import Callable

import pytest

from fota.install import CHECKPOINT_EVERY_MS, Installer
from fota.journal import Entry
from fota.transfer.limits import Limits
from tests.labs.device_lab import BUFFER_BYTES, DeviceLab
from tests.labs.image_server import ImageAnswer, ImageServer

IMAGE = bytes(range(256)) * 8
EVERY_BYTES = 256
CUT_AT_BYTES = 1_100


class ExpiringServer(ImageServer):
    """Serves each URL as often as it is told to; keeps what was asked for, and how it answered."""

    def __init__(self, lab: DeviceLab) -> None:
        super().__init__(lab.clock)
        self.ranges: list[str | None] = []
        self.expires = 0
        """So many of the next requests are answered as S3 answers an expired URL."""
        self.on_expiry: Callable[[], object] = lambda: None

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> ImageAnswer:
        self.ranges.append(headers.get("Range"))
        if self.expires:
            self.expires -= 1
            self.asked.append(url)
            self.on_expiry()
            return ImageAnswer(self, 403, b"<Error/>", 0)
        return super().get(url, headers, timeout_ms)


class ResumeLab(DeviceLab):
    """A device whose downloads are slow enough to be put on record at every few bytes."""

    server: ExpiringServer

    def new_server(self) -> ExpiringServer:
        server = ExpiringServer(self)
        server.ms_per_chunk = CHECKPOINT_EVERY_MS
        return server

    def _start(self, slot: int) -> None:
        super()._start(slot)
        installer = Installer(
            self.slots,
            client=self.server,
            clock=self.clock,
            buffer_bytes=BUFFER_BYTES,
            checkpoint_every_bytes=EVERY_BYTES,
            limits=Limits(times_size=4, spare_bytes=0),
        )
        self.device._installer, self.device.holds = installer, installer.holds
        self.device.patches._installer = installer

    def cut(self, **options: object) -> None:
        """The power fails in mid-download; the device is there again."""
        self.slots.cut_after(CUT_AT_BYTES)
        self.wake(**options)

    @property
    def proven_bytes(self) -> int:
        return self.entry.checkpoint.offset_bytes

    @property
    def entry(self) -> Entry:
        entry = self.journal.load()
        assert entry is not None
        return entry


@pytest.fixture
def lab() -> ResumeLab:
    """A device that runs its factory image, with nothing to do."""
    return ResumeLab()
