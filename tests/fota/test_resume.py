"""A download that goes on after a reset, after an expired URL, and over a link that breaks: and what it may cost."""

import random
from binascii import crc32
from itertools import pairwise

import pytest

from fota import image
from fota.download import Limits, Source
from fota.errors import BadHttpAnswer, BadHttpStatus, BudgetSpent, DownloadTimeout, Unreachable
from fota.http import HttpsClient
from fota.image import Hasher
from fota.install import PROVE_EVERY_MS, Installer
from fota.progress import Progress
from fota.proven import Proven
from fota.provisioning import create_slots
from fota_testing import behaviours as server_that
from fota_testing.cells import PowerCut
from fota_testing.clock import FakeClock
from fota_testing.slots import MemorySlots

SPARE = 1
IMAGE = random.Random(3).randbytes(50_000)
OTHER = random.Random(4).randbytes(50_000)
CHUNK_BYTES = 1_000
EVERY_BYTES = 8_000
CUT_AT_BYTES = 30_500


def digests_of(content):
    hasher = Hasher()
    hasher.update(memoryview(content))
    return hasher.digests()


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
        self.kept = Proven()
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
        self.progress = Happening(self.clock, PROVE_EVERY_MS)
        self._client = HttpsClient(trusted)

    def install(self, server, *, renew=None, content=IMAGE, every_bytes=EVERY_BYTES, **limits):
        installer = Installer(
            self.slots,
            client=self._client,
            clock=self.clock,
            limits=Limits(**{"silence_ms": 2000, **limits}),
            buffer_bytes=CHUNK_BYTES,
            prove_every_bytes=every_bytes,
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


@pytest.fixture(params=["files", "memory", "forgetful memory"])
def lab(request, trusted, tmp_path):
    kinds = {
        "files": lambda: create_slots(str(tmp_path), 2, 60_000),
        "memory": lambda: MemorySlots(2, 60_000),
        "forgetful memory": lambda: ForgetfulSlots(2, 60_000),
    }
    return Lab(kinds[request.param](), trusted)


@pytest.fixture
def memory_lab(trusted):
    return Lab(ForgetfulSlots(2, 60_000), trusted)


def ranges(server):
    return [request.get("range") for request in server.requests]


def paths(server):
    return [request[""].split()[1] for request in server.requests]


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
    memory_lab.progress.ms_per_chunk = PROVE_EVERY_MS // 10
    memory_lab.install(serve(IMAGE), every_bytes=1)
    assert 3 <= len(memory_lab.ledger.saves) <= len(IMAGE) // CHUNK_BYTES // 10 + 1


def test_a_download_of_which_all_was_proven_asks_for_nothing(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.slots.put(SPARE, IMAGE)
    memory_lab.ledger.kept = Proven(len(IMAGE), crc32=crc32(IMAGE))
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


def test_a_record_of_more_bytes_than_the_image_has_is_not_believed(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.slots.put(SPARE, IMAGE + b"more")
    memory_lab.ledger.kept = Proven(len(IMAGE) + 4, crc32=crc32(IMAGE + b"more"))
    memory_lab.install(server)
    assert ranges(server) == [None]
    assert memory_lab.holds_the_image()


def test_fewer_bytes_than_were_put_on_record_are_not_believed_whatever_their_crc(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.slots.put(SPARE, IMAGE[:8_000])
    memory_lab.ledger.kept = Proven(9_000, crc32=crc32(IMAGE[:8_000]))
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


def test_a_link_that_drops_every_64_kib_finishes_an_image_of_2_mib(trusted, serve):
    content = random.Random(5).randbytes(2 << 20)
    lab = Lab(MemorySlots(2, len(content)), trusted)
    server = serve(content, afterwards=server_that.drop_after(1 << 16))
    lab.install(server, content=content, every_bytes=1 << 20)
    assert lab.content() == content
    assert ranges(server) == [None, *(f"bytes={at}-" for at in range(1 << 16, len(content), 1 << 16))]


# An expired URL.

EXPIRED = server_that.status(403)
"""As S3 answers."""


def test_an_expired_url_is_replaced_by_a_fresh_one_and_the_download_goes_on(memory_lab, serve):
    server = serve(IMAGE, server_that.drop_after(20_000), EXPIRED)
    memory_lab.install(server, renew=lambda: server.url("/fresh"))
    assert (paths(server)[-1], ranges(server)[-1]) == ("/fresh", "bytes=20000-")
    assert memory_lab.holds_the_image()


def test_a_url_that_expired_during_the_reset_is_replaced_too(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.cut(server)
    proven_bytes = memory_lab.ledger.kept.offset_bytes
    server.script = [EXPIRED]
    memory_lab.install(server, renew=lambda: server.url("/fresh"))
    assert (paths(server)[-1], ranges(server)[-1]) == ("/fresh", f"bytes={proven_bytes}-")


def test_fresh_urls_that_bring_nothing_come_to_an_end(memory_lab, serve):
    server = serve(IMAGE, afterwards=EXPIRED)
    fresh = iter(range(100))
    with pytest.raises(BadHttpStatus, match="403"):
        memory_lab.install(server, renew=lambda: server.url(f"/fresh-{next(fresh)}"))
    assert paths(server)[1:] == ["/fresh-0", "/fresh-1", "/fresh-2"]


def test_a_fresh_url_that_brought_something_may_expire_again(memory_lab, serve):
    server = serve(IMAGE, *[server_that.drop_after(5_000), EXPIRED] * 9)
    renewed = []
    memory_lab.install(server, renew=lambda: renewed.append("renewed") or server.url("/fresh"))
    assert len(renewed) == 9
    assert memory_lab.holds_the_image()


def test_nobody_reachable_to_ask_for_a_fresh_url_is_asked_again(memory_lab, serve):
    server = serve(IMAGE, EXPIRED, EXPIRED)
    answers = iter([Unreachable("nobody"), server.url("/fresh")])

    def renew():
        answer = next(answers)
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    memory_lab.install(server, renew=renew)
    assert paths(server)[-1] == "/fresh"
    assert memory_lab.progress.retries == 2


def test_without_anybody_to_ask_an_expired_url_is_the_end(memory_lab, serve):
    server = serve(IMAGE, afterwards=EXPIRED)
    with pytest.raises(BadHttpStatus, match="403"):
        memory_lab.install(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("number", [404, 410, 401])
def test_another_refusal_is_no_reason_for_a_fresh_url(memory_lab, serve, number):
    server = serve(IMAGE, afterwards=server_that.status(number))
    with pytest.raises(BadHttpStatus, match=str(number)):
        memory_lab.install(server, renew=lambda: pytest.fail("asked for a fresh URL"))


# What one job may cost.


def test_bytes_that_are_received_again_after_every_reset_are_counted_to_an_end(memory_lab, serve):
    server = serve(IMAGE)
    budget = {"times_size": 2, "spare_bytes": 0}
    for _ in range(2):
        memory_lab.slots.cut_after(40_500)
        with pytest.raises(PowerCut):
            memory_lab.install(server, **budget)
        # So that nothing of it can be used.
        memory_lab.slots.damage(SPARE, 0)
    with pytest.raises(BudgetSpent):
        memory_lab.install(server, **budget)
    assert ranges(server) == [None, None, None]


def test_a_download_within_its_budget_of_bytes_is_not_stopped(memory_lab, serve):
    memory_lab.ledger.kept = Proven(received_bytes=len(IMAGE))
    memory_lab.install(serve(IMAGE), times_size=2, spare_bytes=0)
    assert memory_lab.holds_the_image()


def test_a_server_that_never_lets_a_byte_count_is_left_when_the_budget_of_bytes_is_spent(memory_lab, serve):
    def starts_over_each_time(visit):
        visit.head(200, {"Content-Length": len(IMAGE), "ETag": visit.etag})
        count = 5_000 * (1 + len(server.requests))
        visit.send(IMAGE[:count])
        visit.break_off()

    server = serve(IMAGE, afterwards=starts_over_each_time)
    with pytest.raises(BudgetSpent, match="bytes received"):
        memory_lab.install(server, times_size=2, spare_bytes=0)
    assert memory_lab.slots.written_bytes[SPARE] <= 2 * len(IMAGE)


def test_the_time_of_a_download_goes_on_over_resets(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.progress.ms_per_chunk = 1_000
    for at_bytes in (20_500, 40_500):
        memory_lab.cut(server, at_bytes, total_ms=45_000)
        # Time that passes while the device is off is not the download's.
        memory_lab.clock.advance_ms(10_000_000)
    with pytest.raises(DownloadTimeout):
        memory_lab.install(server, total_ms=45_000)


def test_the_time_that_the_device_was_off_does_not_count(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.progress.ms_per_chunk = 1_000
    memory_lab.cut(server, total_ms=100_000)
    memory_lab.clock.advance_ms(10_000_000)
    memory_lab.install(server, total_ms=100_000)
    assert memory_lab.holds_the_image()
