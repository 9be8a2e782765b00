"""An image into a slot: what is sealed is what was promised and reads back, and the slot that runs is not touched."""

import hashlib
import random

import pytest

from fota import image
from fota.boards.provisioning import create_slots
from fota.digests import Digests
from fota.errors import BodyTooShort, Failed, HashMismatch, ImageTooLarge, NoSpace, StorageFailed, UntrustedServer
from fota.install import Installer
from fota.progress import Progress
from fota.transfer.download import Source
from fota.transfer.http import HttpsClient
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import PowerCut
from fota_testing.memory_slots import MemorySlots
from fota_testing.servers import behaviours as server_that
from fota_testing.servers.authority import Authority
from tests.labs.image_digests import digests_of

RUNNING, SPARE = 0, 1
OLD = random.Random(1).randbytes(20_000)
NEW = random.Random(2).randbytes(50_000)


class Told(Progress):
    def __init__(self):
        self.steps = []

    def proving(self, slot):
        self.steps.append(("proving", slot))

    def installed(self, slot):
        self.steps.append(("installed", slot))


class Lab:
    """A device's slots, the running one holding OLD, and an installer over real HTTPS."""

    def __init__(self, slots, trusted):
        self.slots = slots
        self.told = Told()
        self.installer = Installer(slots, client=HttpsClient(trusted), clock=FakeClock(), buffer_bytes=4096)
        for slot in (RUNNING, SPARE):
            writer = slots.writer(slot, len(OLD))
            writer.write(memoryview(OLD))
            writer.close()
            slots.seal(slot, digests_of(OLD))

    def install(self, server, wanted=None):
        self.installer.install(Source(server.url()), wanted or digests_of(NEW), SPARE, self.told)

    def proves(self, slot):
        return image.proves_itself(self.slots, slot, memoryview(bytearray(4096)))

    def content(self, slot):
        buffer = memoryview(bytearray(1 << 20))
        reader, content = self.slots.reader(slot), b""
        while count := reader.readinto(buffer):
            content += buffer[:count]
        reader.close()
        return content


@pytest.fixture(params=["files", "memory"])
def lab(request, trusted, tmp_path):
    slots = create_slots(str(tmp_path), 2, 60_000) if request.param == "files" else MemorySlots(2, 60_000)
    made = Lab(slots, trusted)
    yield made
    assert made.content(RUNNING) == OLD, "the running slot was touched"
    assert made.proves(RUNNING), "the running slot was touched"


@pytest.fixture
def memory_lab(trusted):
    return Lab(MemorySlots(2, 60_000), trusted)


@pytest.mark.parametrize("sha256", [True, False], ids=["SHA-256 promised", "MD5 alone"])
def test_an_image_that_is_what_was_promised_is_sealed(lab, serve, sha256):
    lab.install(serve(NEW), digests_of(NEW, sha256=sha256))
    assert lab.content(SPARE) == NEW
    assert lab.proves(SPARE)
    assert lab.told.steps == [("proving", SPARE), ("installed", SPARE)]


def test_the_seal_holds_a_sha256_even_where_none_was_promised(lab, serve):
    lab.install(serve(NEW), digests_of(NEW, sha256=False))
    assert lab.slots.seal_of(SPARE).sha256 == hashlib.sha256(NEW).digest()


@pytest.mark.parametrize("size_bytes", [1, 4095, 4096, 4097, 60_000])
def test_an_image_of_any_size_that_fits_is_installed(lab, serve, size_bytes):
    content = random.Random(size_bytes).randbytes(size_bytes)
    lab.install(serve(content), digests_of(content))
    assert lab.content(SPARE) == content


def test_an_image_that_came_in_pieces_is_whole(lab, serve):
    lab.install(serve(NEW, afterwards=server_that.drop_after(7_000)))
    assert lab.content(SPARE) == NEW
    assert lab.proves(SPARE)


def test_an_object_that_was_replaced_half_way_is_not_mixed_with_the_one_before(lab, serve):
    server = serve(OLD + bytes(len(NEW) - len(OLD)))

    def replace_it(visit):
        server_that.drop_after(5_000)(visit)
        server.content, server.etag = NEW, '"second"'

    server.script = [replace_it]
    lab.install(server)
    assert lab.content(SPARE) == NEW


WRONG = {
    "MD5": Digests(len(NEW), bytes(16), hashlib.sha256(NEW).digest()),
    "SHA-256": Digests(len(NEW), hashlib.md5(NEW).digest(), bytes(32)),
}


@pytest.mark.parametrize("digest", WRONG)
def test_an_image_with_another_digest_than_promised_is_not_sealed(lab, serve, digest):
    with pytest.raises(HashMismatch, match=f"^{digest}: expected {'00' * 16}"):
        lab.install(serve(NEW), WRONG[digest])
    assert lab.slots.seal_of(SPARE) is None
    assert lab.told.steps == []


def test_an_image_with_one_wrong_bit_is_not_sealed(lab, serve):
    damaged = bytearray(NEW)
    damaged[-1] ^= 1
    with pytest.raises(HashMismatch):
        lab.install(serve(bytes(damaged)))
    assert not lab.proves(SPARE)


@pytest.mark.parametrize(
    "behaviour",
    [
        server_that.status(403),
        server_that.status(500),
        server_that.short_body(1),
        server_that.long_body(1),
        server_that.long_body(1, announced=False),
        server_that.drop_after(10),
        server_that.gzipped,
        server_that.hang_up,
    ],
)
def test_a_download_that_fails_leaves_a_slot_that_nothing_starts(lab, serve, behaviour):
    with pytest.raises(Failed):
        lab.install(serve(NEW, afterwards=behaviour))
    assert lab.slots.seal_of(SPARE) is None
    assert not lab.proves(SPARE)


def test_after_a_failed_download_the_same_slot_takes_the_image(lab, serve):
    with pytest.raises(BodyTooShort):
        lab.install(serve(NEW, afterwards=server_that.drop_after(10)))
    lab.install(serve(NEW))
    assert lab.proves(SPARE)


def test_from_a_server_that_is_not_trusted_nothing_reaches_the_slot(lab, serve):
    with pytest.raises(UntrustedServer):
        lab.install(serve(NEW, authority=Authority("somebody else")))
    assert lab.content(SPARE) == b""


def test_an_image_that_the_slot_cannot_hold_costs_it_nothing(lab, serve):
    server = serve(NEW)
    with pytest.raises(ImageTooLarge):
        lab.install(server, Digests(60_001, bytes(16), None))
    assert lab.content(SPARE) == OLD
    assert lab.proves(SPARE)
    assert server.requests == []


@pytest.mark.parametrize("failure", [StorageFailed("I/O error"), NoSpace("no room")], ids=["error", "no room"])
@pytest.mark.parametrize("after_bytes", [0, 1, 4096, 49_999])
def test_a_storage_that_refuses_is_told_by_its_own_reason(memory_lab, serve, failure, after_bytes):
    memory_lab.slots.fail_after(after_bytes, failure)
    with pytest.raises(type(failure)):
        memory_lab.install(serve(NEW))
    assert memory_lab.slots.seal_of(SPARE) is None


@pytest.mark.parametrize("after_bytes", [0, 1, 4095, 4096, 20_000, 49_999])
def test_a_power_cut_while_bytes_arrive_leaves_a_slot_that_nothing_starts(memory_lab, serve, after_bytes):
    memory_lab.slots.cut_after(after_bytes)
    with pytest.raises(PowerCut):
        memory_lab.install(serve(NEW))
    assert not memory_lab.proves(SPARE)
    assert memory_lab.proves(RUNNING)
    memory_lab.install(serve(NEW))
    assert memory_lab.proves(SPARE)


class LyingSlots(MemorySlots):
    """Storage that takes every byte, and gives another back."""

    lies = False

    def _finish(self, slot, content):
        super()._finish(slot, content)
        if self.lies:
            self.damage(slot, 12_345)


def test_a_storage_that_reads_back_other_bytes_is_not_believed(trusted, serve):
    lab = Lab(LyingSlots(2, 60_000), trusted)
    lab.slots.lies = True
    with pytest.raises(StorageFailed, match="reads back other bytes"):
        lab.install(serve(NEW))
    assert lab.slots.seal_of(SPARE) is None
    assert lab.told.steps == [("proving", SPARE)]


# What a slot is known to hold.


def test_a_slot_that_holds_the_image_already_says_so(lab):
    assert lab.installer.holds(SPARE, digests_of(OLD))
    assert lab.installer.holds(SPARE, digests_of(OLD, sha256=False))


def test_a_slot_that_holds_another_image_says_so(lab):
    assert not lab.installer.holds(SPARE, digests_of(NEW))
    assert not lab.installer.holds(SPARE, Digests(len(OLD), hashlib.md5(OLD).digest(), bytes(32)))


def test_a_seal_alone_is_not_believed(memory_lab):
    memory_lab.slots.damage(SPARE, 777)
    assert not memory_lab.installer.holds(SPARE, digests_of(OLD))


class BadBlock(MemorySlots):
    """A slot that can no longer be read."""

    def reader(self, slot):
        reader = super().reader(slot)
        if slot == SPARE:
            vars(reader)["readinto"] = self.refuse
        return reader

    def refuse(self, _buffer):
        raise StorageFailed("I/O error")


def test_a_slot_that_cannot_be_read_proves_nothing(trusted):
    lab = Lab(BadBlock(2, 60_000), trusted)
    assert not lab.proves(SPARE)
    assert not lab.installer.holds(SPARE, digests_of(OLD))
    assert lab.proves(RUNNING)


def test_a_slot_without_a_seal_holds_nothing(lab):
    lab.slots.writer(SPARE, len(OLD)).close()
    assert not lab.installer.holds(SPARE, digests_of(OLD))
