"""A download keeps to what one go may take: a rate, bytes, a time. In virtual time, from a server in memory."""

import pytest

from fota.errors import DownloadTimeout
from fota.transfer.bounds import Bounds
from fota.transfer.checkpoint import Checkpoint
from tests.labs.bounds_lab import CONTENT, SIZE_BYTES, Lab, Taken


@pytest.mark.parametrize("rate", [1, 3, 9, 10, 100, 2_048, 65_536, 1_000_000])
@pytest.mark.parametrize("buffer_bytes", [512, 4_096, 65_536])
def test_no_ten_seconds_bring_more_than_the_rate_and_the_rate_is_reached(rate, buffer_bytes):
    seconds = 40 if rate < 1_000_000 else 11
    lab = Lab(content=bytes(rate * seconds))
    assert lab.go(Bounds(max_bytes_per_s=rate), buffer_bytes=buffer_bytes) is True
    assert lab.took.most_bytes_in(10_000) <= 10 * rate
    least, most = (0.94, 1.05) if rate >= 10 else (0.94, 1.3)
    assert least <= lab.lasted_ms / (seconds * 1_000) <= most
    assert lab.took.most_bytes_in(1) <= max(buffer_bytes, rate)


def test_an_image_of_4_mib_at_64_kib_a_second_takes_64_seconds():
    lab = Lab(content=bytes(4 << 20))
    assert lab.go(Bounds(max_bytes_per_s=64 << 10)) is True
    assert 64_000 * 0.95 <= lab.lasted_ms <= 64_000 * 1.05


def test_reads_and_writes_that_cost_time_do_not_come_on_top_of_the_waits():
    lab = Lab(content=bytes(4 << 20), read_ms=20)
    assert lab.go(Bounds(max_bytes_per_s=64 << 10)) is True
    assert 64_000 * 0.95 <= lab.lasted_ms <= 64_000 * 1.05


def test_after_a_long_silence_of_the_server_the_rate_is_not_made_up_for():
    lab = Lab(content=bytes(100_000))
    lab.server.is_silent_from = 50_000
    bounds = Bounds(max_bytes_per_s=10_000)

    until_ms = lab.clock.now_ms() + 20_000

    class Comes(Taken):
        def waiting(self):
            super().waiting()
            if self.clock.now_ms() > until_ms:
                lab.server.is_silent_from = None

    lab.took = Comes(lab.clock)
    assert lab.go(bounds) is True
    assert lab.lasted_ms >= 28_000
    assert lab.took.most_bytes_in(1_000) <= 12_000


@pytest.mark.parametrize("rate", [1, 100, 2_048])
def test_the_program_is_told_every_two_seconds_at_the_latest_that_it_waits(rate):
    lab = Lab(content=bytes(rate * 30))
    lab.go(Bounds(max_bytes_per_s=rate))
    assert lab.took.longest_silence_ms() <= 2_000


def test_a_download_is_not_condemned_for_a_rate_that_it_keeps_to():
    """256 MiB at 2 KiB a second take a day and a half; its own pauses are not held against it."""
    lab = Lab(content=bytes(1 << 20))
    assert lab.go(Bounds(max_bytes_per_s=256), total_ms=60_000, slowest_bytes_per_s=1 << 40) is True
    assert lab.lasted_ms > 3_600_000
    assert lab.reached.spent_ms < 60_000


def test_a_server_that_is_slow_itself_is_condemned_as_without_a_rate():
    lab = Lab(content=bytes(1 << 20), read_ms=1_000)
    with pytest.raises(DownloadTimeout):
        lab.go(Bounds(max_bytes_per_s=4_096), total_ms=60_000, slowest_bytes_per_s=1 << 40)
    assert lab.lasted_ms < 180_000


@pytest.mark.parametrize("most_bytes", [1, 4_095, 4_096, 4_097, 100_000, SIZE_BYTES - 1])
def test_a_go_takes_its_bytes_and_no_more_and_the_next_one_goes_on_there(most_bytes):
    lab = Lab()
    bounds = Bounds(max_bytes=most_bytes)
    assert lab.go(bounds) is False
    assert bounds.is_spent
    assert (len(lab.sink.content), lab.counted_bytes, lab.reached.offset_bytes) == (most_bytes,) * 3
    assert lab.server.closed == 1
    assert lab.go(None) is True
    assert bytes(lab.sink.content) == CONTENT
    # What the go may not take is not even sent.
    assert lab.server.ranges == [f"bytes=0-{most_bytes - 1}", f"bytes={most_bytes}-"]


@pytest.mark.parametrize("most_bytes", [SIZE_BYTES, SIZE_BYTES + 1])
def test_a_go_that_may_take_all_takes_it_and_is_not_spent(most_bytes):
    lab = Lab()
    bounds = Bounds(max_bytes=most_bytes)
    assert lab.go(bounds) is True
    assert not bounds.is_spent
    assert lab.server.ranges == [None]


def test_an_image_comes_in_many_goes():
    lab = Lab()
    goes = 1
    while not lab.go(Bounds(max_bytes=99_999)):
        goes += 1
    assert bytes(lab.sink.content) == CONTENT
    assert goes == -(-SIZE_BYTES // 99_999)
    assert lab.counted_bytes == SIZE_BYTES


@pytest.mark.parametrize("bound", ["max_bytes", "for_s"])
def test_a_go_that_may_take_nothing_asks_for_nothing(bound):
    lab = Lab()
    bounds = Bounds(**{bound: 0})
    assert lab.go(bounds) is False
    assert (bounds.is_spent, lab.server.ranges) == (True, [])


def test_bytes_of_a_server_that_starts_over_count_too():
    lab = Lab()
    lab.reached = Checkpoint(500_000, etag='"other"')
    lab.sink.content += bytes(500_000)
    lab.server.ignores_ranges = True
    bounds = Bounds(max_bytes=10_000)
    assert lab.go(bounds) is False
    assert (len(lab.sink.content), lab.counted_bytes) == (10_000, 10_000)


def test_a_go_ends_with_its_time_while_bytes_come():
    lab = Lab(read_ms=500)
    bounds = Bounds(for_s=20)
    assert lab.go(bounds) is False
    assert bounds.is_spent
    assert 20_000 <= lab.lasted_ms <= 21_000
    assert lab.reached.offset_bytes == len(lab.sink.content) > 0
    assert lab.server.closed == 1
    assert lab.go(None) is True
    assert bytes(lab.sink.content) == CONTENT


def test_a_go_ends_with_its_time_while_the_server_is_silent():
    lab = Lab()
    lab.server.is_silent_from = 10_000
    bounds = Bounds(for_s=7)
    assert lab.go(bounds) is False
    assert bounds.is_spent
    assert 7_000 <= lab.lasted_ms <= 8_000


def test_a_go_ends_with_its_time_when_the_server_falls_silent_in_the_middle():
    lab = Lab(read_ms=100)
    lab.server.is_silent_from = 300_000
    bounds = Bounds(for_s=20)
    assert lab.go(bounds) is False
    assert bounds.is_spent
    assert 20_000 <= lab.lasted_ms <= 21_000


def test_a_go_ends_before_the_wait_for_a_try_that_it_has_no_time_for():
    lab = Lab()
    lab.server.fails = True
    bounds = Bounds(for_s=90)
    assert lab.go(bounds, first_delay_ms=8_000, most_delay_ms=60_000) is False
    assert bounds.is_spent
    assert lab.lasted_ms <= 90_000


def test_no_request_of_a_go_may_take_longer_than_the_go_has():
    lab = Lab()
    assert lab.go(Bounds(for_s=5)) is True
    assert lab.server.timeouts_ms == [5_000]


def test_a_go_that_had_time_is_not_spent():
    lab = Lab(read_ms=1)
    bounds = Bounds(for_s=3_600)
    assert lab.go(bounds) is True
    assert not bounds.is_spent


def test_all_bounds_hold_together():
    lab = Lab()
    bounds = Bounds(max_bytes_per_s=1_000, max_bytes=50_000, for_s=20)
    assert lab.go(bounds) is False
    assert len(lab.sink.content) <= 20 * 1_000
    assert 19_000 <= lab.lasted_ms <= 21_000
    assert lab.go(Bounds(max_bytes_per_s=1_000, max_bytes=5_000, for_s=20)) is False
    assert 4_500 <= lab.lasted_ms <= 5_500


@pytest.mark.parametrize("name", ["max_bytes_per_s", "max_bytes", "for_s"])
@pytest.mark.parametrize("odd", [-1, 1.5, "1", True])
def test_a_bound_that_is_no_number_is_refused(name, odd):
    with pytest.raises(ValueError, match=f"{name}: expected a whole number"):
        Bounds(**{name: odd})


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="max_bytes_per_s: expected a whole number from 1"):
        Bounds(max_bytes_per_s=0)
