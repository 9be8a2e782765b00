"""A download that goes on after a reset, and over a link that breaks."""

import binascii
import random
from itertools import pairwise

import pytest

from fota.boards.provisioning import create_slots
from fota.digests import Hasher
from fota.errors import BadHttpAnswer
from fota.install import CHECKPOINT_AT_LEAST_EVERY_MS, CHECKPOINT_EVERY_MS
from fota.transfer.checkpoint import Checkpoint
from fota_testing.flash.cells import PowerCut
from fota_testing.memory_slots import MemorySlots
from fota_testing.servers import behaviours as server_that
from tests.labs.resume_lab import (
    CHUNK_BYTES,
    CUT_AT_BYTES,
    EVERY_BYTES,
    IMAGE,
    SPARE,
    ForgetfulSlots,
    Lab,
    memory_lab,
    ranges,
)

__all__ = ("memory_lab",)

OTHER = random.Random(4).randbytes(50_000)


def check32(content):
    hasher = Hasher()
    hasher.update(memoryview(content))
    return hasher.check32()


@pytest.fixture(params=["files", "memory", "forgetful memory"])
def lab(request, trusted, tmp_path):
    kinds = {
        "files": lambda: create_slots(str(tmp_path), 2, 60_000),
        "memory": lambda: MemorySlots(2, 60_000),
        "forgetful memory": lambda: ForgetfulSlots(2, 60_000),
    }
    return Lab(kinds[request.param](), trusted)


# After a power cut.


def test_a_download_goes_on_at_the_byte_that_was_proven(lab, serve):
    server = serve(IMAGE)
    lab.cut(server)
    proven_bytes = lab.ledger.kept.offset_bytes
    assert CUT_AT_BYTES - EVERY_BYTES - CHUNK_BYTES < proven_bytes <= CUT_AT_BYTES
    lab.install(server)
    assert ranges(server) == [None, f"bytes={proven_bytes}-"]
    assert lab.holds_the_image()


def test_the_rest_is_asked_for_only_of_the_object_that_was_begun(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.cut(server)
    memory_lab.install(server)
    assert server.requests[1]["if-range"] == server.etag


def test_a_download_that_is_cut_again_and_again_receives_little_twice(lab, serve):
    server = serve(IMAGE)
    for at_bytes in range(10_500, len(IMAGE), 10_000):
        lab.cut(server, at_bytes)
    lab.install(server)
    assert lab.holds_the_image()
    starts = [int(text[len("bytes=") : -1]) for text in ranges(server)[1:]]
    cuts = range(10_500, len(IMAGE), 10_000)
    assert all(at - EVERY_BYTES - CHUNK_BYTES < start for start, at in zip(starts, cuts, strict=True))


def test_what_is_put_on_record_is_on_storage_by_then(memory_lab, serve):
    memory_lab.install(serve(IMAGE))
    assert len(memory_lab.ledger.saves) >= 5
    assert all(stored == IMAGE[:offset_bytes] for offset_bytes, stored in memory_lab.ledger.saves)


def test_progress_is_put_on_record_at_intervals_of_bytes(memory_lab, serve):
    memory_lab.install(serve(IMAGE))
    offsets = [0, *(offset_bytes for offset_bytes, _ in memory_lab.ledger.saves)]
    assert all(EVERY_BYTES <= b - a <= EVERY_BYTES + CHUNK_BYTES for a, b in pairwise(offsets))


def test_progress_is_put_on_record_at_intervals_of_time(memory_lab, serve):
    memory_lab.progress.ms_per_chunk = CHECKPOINT_EVERY_MS // 10
    memory_lab.install(serve(IMAGE), every_bytes=1)
    assert 3 <= len(memory_lab.ledger.saves) <= len(IMAGE) // CHUNK_BYTES // 10 + 1


def test_on_a_slow_link_progress_is_put_on_record_by_time_alone(memory_lab, serve):
    memory_lab.progress.ms_per_chunk = 1_000
    memory_lab.install(serve(IMAGE), every_bytes=10 * len(IMAGE))
    offsets = [offset for offset, _ in memory_lab.ledger.saves if offset < len(IMAGE)]
    most_bytes = CHECKPOINT_AT_LEAST_EVERY_MS + CHUNK_BYTES
    assert [b - a <= most_bytes for a, b in pairwise([0, *offsets, len(IMAGE)])] == [True] * (len(offsets) + 1)


def test_what_came_before_a_break_is_put_on_record_then(memory_lab, serve):
    server = serve(IMAGE, server_that.drop_after(20_000), server_that.honest)
    memory_lab.install(server, every_bytes=10 * len(IMAGE))
    assert memory_lab.ledger.saves[0][0] == 20_000


def test_a_download_of_which_all_was_proven_asks_for_nothing(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.slots.put(SPARE, IMAGE)
    memory_lab.ledger.kept = Checkpoint(len(IMAGE), check32=check32(IMAGE))
    memory_lab.install(server)
    assert (ranges(server), memory_lab.holds_the_image()) == ([], True)


# What storage says otherwise.


@pytest.mark.parametrize("offset_bytes", [0, 1, 10_000])
def test_a_beginning_that_was_damaged_is_fetched_again(memory_lab, serve, offset_bytes):
    server = serve(IMAGE)
    memory_lab.cut(server)
    memory_lab.slots.damage(SPARE, offset_bytes)
    memory_lab.install(server)
    assert ranges(server) == [None, None]
    assert memory_lab.holds_the_image()


def test_the_last_proven_byte_is_proven_too(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.cut(server)
    memory_lab.slots.damage(SPARE, memory_lab.ledger.kept.offset_bytes - 1)
    memory_lab.install(server)
    assert ranges(server) == [None, None]
    assert memory_lab.holds_the_image()


@pytest.mark.parametrize("left_bytes", [0, 1, 8_000])
def test_storage_that_has_less_than_was_put_on_record_is_filled_from_the_start(memory_lab, serve, left_bytes):
    server = serve(IMAGE)
    memory_lab.cut(server)
    assert memory_lab.ledger.kept.offset_bytes > left_bytes
    memory_lab.slots.put(SPARE, IMAGE[:left_bytes])
    memory_lab.install(server)
    assert ranges(server) == [None, None]
    assert memory_lab.holds_the_image()


def test_a_file_that_was_cut_short_is_filled_from_the_start(trusted, serve, tmp_path):
    lab = Lab(create_slots(str(tmp_path), 2, 60_000), trusted)
    server = serve(IMAGE)
    lab.cut(server)
    path = tmp_path / f"slot-{SPARE}.img"
    path.write_bytes(path.read_bytes()[:100])
    lab.install(server)
    assert ranges(server) == [None, None]
    assert lab.holds_the_image()


def test_a_checkpoint_of_an_earlier_library_which_had_their_crc_is_believed(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.slots.put(SPARE, IMAGE[:8_000])
    memory_lab.ledger.kept = Checkpoint(8_000, check32=binascii.crc32(IMAGE[:8_000]))
    memory_lab.install(server)
    assert ranges(server) == ["bytes=8000-"]
    assert memory_lab.holds_the_image()


def test_a_record_of_more_bytes_than_the_image_has_is_not_believed(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.slots.put(SPARE, IMAGE + b"more")
    memory_lab.ledger.kept = Checkpoint(len(IMAGE) + 4, check32=check32(IMAGE + b"more"))
    memory_lab.install(server)
    assert ranges(server) == [None]
    assert memory_lab.holds_the_image()


def test_fewer_bytes_than_were_put_on_record_are_not_believed_whatever_their_check(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.slots.put(SPARE, IMAGE[:8_000])
    memory_lab.ledger.kept = Checkpoint(9_000, check32=check32(IMAGE[:8_000]))
    memory_lab.install(server)
    assert ranges(server) == [None]
    assert memory_lab.holds_the_image()


# What the server says otherwise.


def test_an_object_that_was_replaced_over_the_reset_is_fetched_from_the_start(memory_lab, serve):
    server = serve(OTHER)
    memory_lab.cut(server)
    before, server.content, server.etag = server.etag, IMAGE, '"second"'
    memory_lab.install(server)
    assert server.requests[1]["if-range"] == before
    assert memory_lab.holds_the_image()


def test_a_server_that_ignores_the_range_after_a_reset_sends_it_all(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.cut(server)
    server.script = [server_that.whatever_range]
    memory_lab.install(server)
    assert memory_lab.holds_the_image()


def test_a_download_that_had_to_start_over_goes_on_after_a_reset_too(memory_lab, serve):
    server = serve(IMAGE, server_that.drop_after(20_000), server_that.whatever_range)
    memory_lab.slots.cut_after(20_000 + CUT_AT_BYTES)
    with pytest.raises(PowerCut):
        memory_lab.install(server)
    proven_bytes = memory_lab.ledger.kept.offset_bytes
    memory_lab.install(server)
    assert ranges(server) == [None, "bytes=20000-", f"bytes={proven_bytes}-"]
    assert memory_lab.holds_the_image()


WRONG_RANGES = {
    "from the first byte": server_that.content_range("bytes 0-49999/50000"),
    "one byte late": lambda visit: server_that.content_range(f"bytes {visit.asked_from + 1}-49999/50000")(visit),
    "not to the end": lambda visit: server_that.content_range(f"bytes {visit.asked_from}-49998/50000")(visit),
    "none": server_that.content_range(""),
    "of another object": server_that.range_of_another(OTHER, '"second"'),
}


@pytest.mark.parametrize("name", WRONG_RANGES)
def test_another_range_than_was_asked_for_after_a_reset_fails(memory_lab, serve, name):
    server = serve(IMAGE)
    memory_lab.cut(server)
    server.script = [WRONG_RANGES[name]]
    with pytest.raises(BadHttpAnswer):
        memory_lab.install(server)
    assert memory_lab.slots.seal_of(SPARE) is None
    assert len(server.requests) == 2


# Over a link that breaks.


@pytest.mark.slow
@pytest.mark.slow
def test_a_link_that_drops_every_64_kib_finishes_an_image_of_2_mib(trusted, serve):
    content = random.Random(5).randbytes(2 << 20)
    lab = Lab(MemorySlots(2, len(content)), trusted)
    server = serve(content, afterwards=server_that.drop_after(1 << 16))
    lab.install(server, content=content, every_bytes=1 << 20)
    assert lab.content() == content
    assert ranges(server) == [None, *(f"bytes={at}-" for at in range(1 << 16, len(content), 1 << 16))]
