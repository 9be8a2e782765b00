"""Bytes of a URL, each exactly once: over real TLS, from servers that break off, with pauses between tries."""

import pytest

from fota.errors import BadHttpAnswer, BadHttpStatus, BodyTooShort, DownloadTimeout
from fota_testing.clock import FakeClock
from fota_testing.servers import behaviours as server_that
from tests.labs.download_lab import CONTENT, SIZE_BYTES, TRIES, lab

__all__ = ("lab",)

ETAG = '"first"'


def ranges(server):
    return [request.get("range") for request in server.requests]


# What comes.


@pytest.mark.parametrize("buffer_bytes", [1, 997, 4096, 1 << 20])
def test_the_bytes_come_in_order_each_once(lab, serve, buffer_bytes):
    content = CONTENT[:9_001]
    server = serve(content)
    assert lab.download(server.url(), len(content), buffer_bytes) == content
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [server_that.no_length, server_that.chunked], ids=["no length", "chunked"])
def test_a_server_that_does_not_say_how_long_its_answer_is_serves_as_well(lab, serve, answer):
    assert lab.download(serve(CONTENT, answer).url()) == CONTENT


def test_the_program_is_told_how_far_it_came(lab, serve):
    lab.download(serve(CONTENT).url())
    done = [done for done, _ in lab.told.done]
    assert done == sorted(set(done))
    assert lab.told.done[-1] == (SIZE_BYTES, SIZE_BYTES)


# Going on after a break.


@pytest.mark.parametrize("every_bytes", [1_100, 4_096, 20_000, 49_999])
def test_a_download_goes_on_where_each_connection_broke(lab, serve, every_bytes):
    server = serve(CONTENT, afterwards=server_that.drop_after(every_bytes))
    assert lab.download(server.url()) == CONTENT
    assert ranges(server) == [None, *(f"bytes={at}-" for at in range(every_bytes, SIZE_BYTES, every_bytes))]
    assert lab.sink.restarts == 0


def test_a_connection_that_is_reset_is_a_break_like_any_other(lab, serve):
    server = serve(CONTENT, server_that.drop_after(20_000, reset=True))
    assert lab.download(server.url()) == CONTENT


@pytest.mark.parametrize("reset", [False, True])
def test_a_server_that_hangs_up_before_the_head_is_asked_again(lab, serve, reset):
    server = serve(CONTENT, server_that.hang_up, lambda visit: visit.break_off(reset=reset))
    assert lab.download(server.url()) == CONTENT


def test_the_rest_is_asked_for_only_of_the_same_object(lab, serve):
    server = serve(CONTENT, server_that.drop_after(5_000))
    lab.download(server.url())
    assert [request.get("if-range") for request in server.requests] == [None, ETAG]


def test_an_object_that_changed_meanwhile_is_fetched_from_its_beginning(lab, serve):
    other = bytes(reversed(CONTENT))
    server = serve(CONTENT)

    def replace_it(visit):
        server_that.drop_after(5_000)(visit)
        server.content, server.etag = other, '"second"'

    server.script = [replace_it]
    assert lab.download(server.url()) == other
    assert lab.sink.restarts == 1


def test_a_server_that_ignores_the_range_makes_the_download_start_over(lab, serve):
    server = serve(CONTENT, server_that.drop_after(5_000), server_that.whatever_range)
    assert lab.download(server.url()) == CONTENT
    assert lab.sink.restarts == 1


def test_a_range_of_an_object_with_another_tag_is_not_joined_to_what_came(lab, serve):
    other = bytes(reversed(CONTENT))
    server = serve(CONTENT, server_that.drop_after(5_000), server_that.range_of_another(other, '"second"'))
    with pytest.raises(BadHttpAnswer, match="ETag"):
        lab.download(server.url())
    assert lab.sink.content == CONTENT[:5_000]


def test_a_server_that_falls_silent_half_way_is_asked_for_the_rest(lab, serve):
    server = serve(CONTENT, server_that.silence_after(5_000))
    assert lab.download(server.url(), silence_ms=200) == CONTENT
    assert ranges(server) == [None, "bytes=5000-"]


def test_a_fault_of_the_servers_passes(lab, serve):
    server = serve(CONTENT, *(server_that.status(number) for number in (500, 503, 429, 408)))
    assert lab.download(server.url()) == CONTENT


def test_tries_that_bring_something_are_not_counted_against_the_download(lab, serve):
    script = [server_that.drop_after(5_000), *[server_that.hang_up] * (TRIES - 1)] * 3
    server = serve(CONTENT, *script)
    assert lab.download(server.url()) == CONTENT


def test_tries_that_bring_next_to_nothing_come_to_an_end(lab, serve):
    server = serve(CONTENT, afterwards=server_that.drop_after(10))
    with pytest.raises(BodyTooShort):
        lab.download(server.url())
    assert len(server.requests) == TRIES


def test_a_server_that_ignores_ranges_and_always_breaks_off_comes_to_an_end(lab, serve):
    def from_the_start(visit):
        visit.headers.pop("range", None)
        server_that.drop_after(5_000)(visit)

    server = serve(CONTENT, afterwards=from_the_start)
    with pytest.raises(BodyTooShort):
        lab.download(server.url())
    assert len(server.requests) == TRIES + 1


# Pauses.


def test_the_pauses_are_drawn_from_ceilings_that_double(lab, serve):
    server = serve(CONTENT, afterwards=server_that.status(503))
    with pytest.raises(BadHttpStatus):
        lab.download(server.url(), fruitless_tries=9, first_delay_ms=500, most_delay_ms=4_000)
    ceilings = [500, 1000, 2000, 4000, 4000, 4000, 4000, 4000]
    delays = [delay_ms for _, delay_ms in lab.told.retries]
    assert len(delays) == len(ceilings)
    assert all(0 <= delay <= ceiling for delay, ceiling in zip(delays, ceilings, strict=True))
    assert len(set(delays)) > 1
    assert sum(delays) == sum(lab.clock.sleeps)


def test_the_program_is_told_of_every_pause_and_why(lab, serve):
    server = serve(CONTENT, server_that.status(503), server_that.hang_up)
    lab.download(server.url())
    assert [reason for reason, _ in lab.told.retries] == ["http-status", "unreachable"]
    assert sum(delay_ms for _, delay_ms in lab.told.retries) == sum(lab.clock.sleeps)


def test_a_download_that_takes_too_long_is_given_up(lab, serve):
    server = serve(CONTENT, afterwards=server_that.drop_after(2_000))
    lab.clock = FakeClock(tick_ms=1_000)
    with pytest.raises(DownloadTimeout, match="not finished within 20000 ms"):
        lab.download(server.url(), total_ms=20_000)


def test_a_server_that_never_falls_silent_but_is_too_slow_is_given_up(lab, serve):
    server = serve(CONTENT, server_that.slow(100, 0.001))
    lab.clock = FakeClock(tick_ms=1_000)
    with pytest.raises(DownloadTimeout, match="not finished within 20000 ms"):
        lab.download(server.url(), total_ms=20_000)
    assert len(server.requests) == 1


def test_a_pause_never_reaches_past_the_time_allowed(lab, serve):
    server = serve(CONTENT, afterwards=server_that.status(503))
    start_ms = lab.clock.now_ms()
    with pytest.raises(DownloadTimeout):
        lab.download(server.url(), fruitless_tries=1000, total_ms=60_000)
    assert lab.clock.now_ms() - start_ms < 60_000
