"""An image that is made from a patch, on files and over real HTTPS: resets, breaks, and a disk that refuses."""

import os
import random
from pathlib import Path

import pytest

from fota import image
from fota.boards.files import FilesBoard
from fota.boards.provisioning import create_slots
from fota.device import Device
from fota.errors import NoSpace, PatchFailed, StorageFailed
from fota.journal_entry import PatchTaken
from fota.progress import Progress
from fota.storage import SlotReader
from fota.transfer.download import Source
from fota.transfer.http import HttpsClient
from fota_operator.patches.make import make_patch
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import PowerCut
from fota_testing.servers import behaviours as server_that
from tests.labs.image_digests import digests_of

RUNNING, SPARE = 0, 1
OLD = random.Random(1).randbytes(60_000)
NEW = OLD[:20_000] + random.Random(2).randbytes(30_000) + OLD[25_000:]
PATCH = make_patch(OLD, NEW)
TAKEN = PatchTaken(bytes.fromhex(PATCH.sha256), PATCH.size_bytes)
CHUNK_BYTES = 2_000


class CutsThePower(Progress):
    """The power fails when a method of that name has reported that number of bytes."""

    def __init__(self, clock: FakeClock, method: str = "", at_bytes: int = 0) -> None:
        self._clock = clock
        self._due = (method, at_bytes)
        self.proven: list[int] = []

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        self._clock.advance_ms(300)
        self._cut("downloading", done_bytes)

    def applying(self, done_bytes: int, total_bytes: int) -> None:
        self._cut("applying", done_bytes)

    def proving(self, slot: int) -> None:
        self.proven.append(slot)

    def _cut(self, method: str, done_bytes: int) -> None:
        if self._due[0] == method and done_bytes >= self._due[1]:
            raise PowerCut(method)


class PatchedFiles:
    """A home whose slot 0 runs OLD. What is in memory is gone with each `install`."""

    def __init__(self, home: Path, trusted: str) -> None:
        self.home = str(home)
        self.clock = FakeClock()
        self._trusted = trusted
        slots = create_slots(self.home, 2, 100_000)
        writer = slots.writer(RUNNING, len(OLD))
        writer.write(memoryview(OLD))
        writer.close()
        slots.seal(RUNNING, digests_of(OLD))

    def install(self, server, method: str = "", at_bytes: int = 0):
        device = Device(
            FilesBoard(self.home),
            RUNNING,
            client=HttpsClient(self._trusted),
            clock=self.clock,
            buffer_bytes=CHUNK_BYTES,
            checkpoint_every_bytes=CHUNK_BYTES,
        )
        update = device.take_up("job-1", 1, digests_of(NEW))
        if update.entry.patch is None:
            update.choose({"way": "patch"}, TAKEN)
        progress = CutsThePower(self.clock, method, at_bytes)
        device.install(Source(server.url()), digests_of(NEW), SPARE, progress, update, patched=True)
        device.forget_update()
        return progress

    def holds_the_image(self) -> bool:
        slots, buffer = FilesBoard(self.home).slots, memoryview(bytearray(4096))
        return bool(image.proves_itself(slots, SPARE, buffer)) and self.content("slot-1.img") == NEW

    def content(self, name: str) -> bytes:
        return Path(self.home, name).read_bytes()

    def has_patch(self) -> bool:
        return Path(self.home, "patch.img").exists()


@pytest.fixture
def files(tmp_path, trusted):
    made = PatchedFiles(tmp_path, trusted)
    yield made
    assert made.content("slot-0.img") == OLD, "the running slot was touched"


def test_the_image_is_made_read_back_and_sealed_and_the_patch_is_gone(files, serve):
    assert files.install(serve(PATCH.content)).proven == [SPARE]
    assert files.holds_the_image()
    assert not files.has_patch()


def test_a_patch_that_came_in_pieces_is_whole(files, serve):
    files.install(serve(PATCH.content, afterwards=server_that.drop_after(7_000)))
    assert files.holds_the_image()


@pytest.mark.parametrize("at_bytes", [1, 9_000, PATCH.size_bytes])
def test_a_reset_while_the_patch_comes_costs_little(files, serve, at_bytes):
    server = serve(PATCH.content)
    with pytest.raises(PowerCut):
        files.install(server, "downloading", at_bytes)
    files.install(server)
    assert files.holds_the_image()
    starts = [int(request.get("range", "bytes=0-")[len("bytes=") : -1]) for request in server.requests]
    assert abs(at_bytes - starts[-1]) <= 2 * CHUNK_BYTES


@pytest.mark.parametrize("at_bytes", [1, len(NEW) // 2, len(NEW)])
def test_a_reset_while_the_patch_is_applied_costs_no_request(files, serve, at_bytes):
    server = serve(PATCH.content)
    for _ in range(2):
        with pytest.raises(PowerCut):
            files.install(server, "applying", at_bytes)
        assert FilesBoard(files.home).slots.seal_of(SPARE) is None
    files.install(server)
    assert (len(server.requests), files.holds_the_image()) == (1, True)


def test_a_patch_with_one_wrong_bit_changes_no_slot(files, serve):
    damaged = bytearray(PATCH.content)
    damaged[-1] ^= 1
    with pytest.raises(PatchFailed, match="SHA-256: expected"):
        files.install(serve(bytes(damaged)))
    assert not Path(files.home, "slot-1.img").exists()


def test_room_is_needed_for_the_image_and_the_patch(files, monkeypatch):
    from fota.bundle import folders_cpython

    device = Device(FilesBoard(files.home), RUNNING, client=HttpsClient(), clock=files.clock)
    monkeypatch.setattr(folders_cpython, "free_bytes", lambda _home: len(NEW) + PATCH.size_bytes - 1)
    with pytest.raises(NoSpace):
        device.patches.require_room(SPARE, len(NEW), PATCH.size_bytes)
    device.patches.require_room(SPARE, len(NEW), PATCH.size_bytes - 1)


def test_a_disk_that_refuses_a_place_in_a_file_says_that_it_failed(files, monkeypatch):
    reader = SlotReader(f"{files.home}/slot-0.img")

    def refuse(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "lseek", refuse)
    with pytest.raises(StorageFailed, match="Input/output error"):
        reader.seek(3)
    reader.close()
