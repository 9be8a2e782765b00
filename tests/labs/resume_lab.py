"""A device whose download is cut and goes on: its slots and its ledger stay, the rest is made anew."""

import random

import pytest

from fota import image
from fota.install import CHECKPOINT_EVERY_MS, Installer
from fota.progress import Progress
from fota.transfer.checkpoint import Checkpoint
from fota.transfer.download import Source
from fota.transfer.http import HttpsClient
from fota.transfer.limits import Limits
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import PowerCut
from fota_testing.memory_slots import MemorySlots
from tests.labs.download_lab import NO_PATIENCE
from tests.labs.image_digests import digests_of

SPARE = 1
IMAGE = random.Random(3).randbytes(50_000)
CHUNK_BYTES = 1_000
EVERY_BYTES = 8_000
CUT_AT_BYTES = 30_500


class ForgetfulSlots(MemorySlots):
    """What was not flushed before a power cut is lost."""

    def _take(self, slot, pending, chunk):
        durable = self.content(slot)
        try:
            super()._take(slot, pending, chunk)
        except PowerCut:
            self._images[slot] = durable
            raise


class Ledger:
    """Keeps what it is given over a reset; says what of it was on storage at that moment."""

    def __init__(self, lab):
        self.kept = Checkpoint()
        self.saves = []
        self._lab = lab

    def load(self):
        return self.kept

    def save(self, proven):
        self.kept = proven
        self.saves.append((proven.offset_bytes, self._lab.content()[: proven.offset_bytes]))


class Happening(Progress):
    """Time passes with every chunk; and at most one thing happens, once the download has come so far."""

    def __init__(self, clock, ms_per_chunk):
        self.ms_per_chunk = ms_per_chunk
        self.retries = 0
        self._clock = clock
        self._due = None

    def at(self, offset_bytes, action):
        self._due = (offset_bytes, action)

    def downloading(self, done_bytes, total_bytes):
        self._clock.advance_ms(self.ms_per_chunk)
        if self._due is not None and done_bytes >= self._due[0]:
            action, self._due = self._due[1], None
            action()

    def retrying(self, reason, delay_ms):
        self.retries += 1


class Lab:
    """One device: its slots and ledger stay over power cuts, its installer and download do not."""

    def __init__(self, slots, trusted):
        self.slots = slots
        self.ledger = Ledger(self)
        self.clock = FakeClock()
        self.progress = Happening(self.clock, CHECKPOINT_EVERY_MS)
        self._client = HttpsClient(trusted)

    def install(self, server, *, renew=None, content=IMAGE, every_bytes=EVERY_BYTES, **limits):
        installer = Installer(
            self.slots,
            client=self._client,
            clock=self.clock,
            limits=Limits(**{**NO_PATIENCE, "silence_ms": 2000, **limits}),
            buffer_bytes=CHUNK_BYTES,
            checkpoint_every_bytes=every_bytes,
        )
        source = Source(server.url(), renew)
        installer.install(source, digests_of(content), SPARE, self.progress, self.ledger)

    def cut(self, server, at_bytes=CUT_AT_BYTES, **how):
        """The power fails once so much of the image has come."""

        def power_fails():
            raise PowerCut("in mid-download")

        if isinstance(self.slots, MemorySlots):
            self.slots.cut_after(at_bytes - self.ledger.kept.offset_bytes)
        else:
            self.progress.at(at_bytes, power_fails)
        with pytest.raises(PowerCut):
            self.install(server, **how)

    def content(self):
        buffer = memoryview(bytearray(CHUNK_BYTES))
        reader, content = self.slots.reader(SPARE), b""
        while count := reader.readinto(buffer):
            content += buffer[:count]
        reader.close()
        return content

    def holds_the_image(self):
        return self.content() == IMAGE and image.proves_itself(self.slots, SPARE, memoryview(bytearray(CHUNK_BYTES)))


@pytest.fixture
def memory_lab(trusted):
    return Lab(ForgetfulSlots(2, 60_000), trusted)


def ranges(server):
    return [request.get("range") for request in server.requests]
