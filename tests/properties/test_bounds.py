"""Whatever a server sends, and when: no ten seconds bring more than the rate allows, and no go more bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fota.transfer.bounds import Bounds

RATES = st.integers(1, 300) | st.integers(300, 10_000_000)
READS = st.lists(st.tuples(st.integers(1, 70_000), st.integers(0, 1_000), st.integers(0, 100)), max_size=120)
"""The room for a read; how long the read takes, in ms; how much of what it may take comes, in percent."""


def played(bounds: Bounds, reads: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """When bytes came, and how many."""
    now_ms = 5_000
    bounds.begin(now_ms)
    came = []
    for room_bytes, lasts_ms, percent in reads:
        wait_ms = bounds.wait_ms(room_bytes, now_ms)
        assert 0 <= wait_ms <= 2_000
        now_ms += wait_ms
        assert bounds.wait_ms(room_bytes, now_ms) == 0
        if bounds.end(now_ms):
            break
        may_bytes = bounds.room_bytes(room_bytes)
        assert 1 <= may_bytes <= room_bytes
        now_ms += lasts_ms
        took_bytes = max(1, may_bytes * percent // 100)
        bounds.took(took_bytes, now_ms)
        came.append((now_ms, took_bytes))
    return came


@given(RATES, READS)
def test_no_ten_seconds_bring_more_than_ten_times_the_rate(rate: int, reads: list[tuple[int, int, int]]) -> None:
    came = played(Bounds(max_bytes_per_s=rate), reads)
    for from_ms, _ in came:
        assert sum(count for at_ms, count in came if from_ms <= at_ms < from_ms + 10_000) <= 10 * rate


@given(RATES, st.integers(1, 70_000), st.integers(50, 400))
def test_a_server_that_has_all_bytes_gives_nearly_the_rate(rate: int, room_bytes: int, count: int) -> None:
    came = played(Bounds(max_bytes_per_s=rate), [(room_bytes, 0, 100)] * count)
    lasted_ms = came[-1][0] - came[0][0]
    if lasted_ms > 10_000:
        # The clock has whole milliseconds: with small reads at a high rate each wait is rounded up.
        waits = 1 + count
        assert sum(one for _, one in came) >= 0.79 * rate * (lasted_ms - waits) / 1_000


@given(st.integers(0, 100_000), READS)
def test_a_go_takes_no_byte_more_than_it_may(most_bytes: int, reads: list[tuple[int, int, int]]) -> None:
    bounds = Bounds(max_bytes=most_bytes)
    taken_bytes = sum(count for _, count in played(bounds, reads))
    assert taken_bytes <= most_bytes
    assert bounds.end(0) == (taken_bytes == most_bytes)


@given(st.integers(0, 100), READS)
def test_no_read_begins_after_the_time_of_the_go(for_s: int, reads: list[tuple[int, int, int]]) -> None:
    bounds = Bounds(for_s=for_s)
    for at_ms, _ in played(bounds, reads):
        assert at_ms < 5_000 + for_s * 1_000 + 1_000
