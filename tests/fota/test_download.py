"""Bytes of a URL, each exactly once: over real TLS, from servers that do everything that they should not."""

import logging
import random
import traceback

import pytest

from fota.download import Download, Limits, Source
from fota.errors import (
    BadHttpAnswer,
    BadHttpStatus,
    BodyTooLong,
    BodyTooShort,
    DownloadFailed,
    DownloadTimeout,
    Unreachable,
    UntrustedServer,
)
from fota.http import HttpsClient
from fota.progress import Progress
from fota_testing import behaviours as server_that
from fota_testing.authority import Authority
from fota_testing.clock import FakeClock

CONTENT = random.Random(2).randbytes(50_000)
SIZE_BYTES = len(CONTENT)
ETAG = '"first"'
TRIES = 5


class Sink:
    """Takes bytes; one byte past the size fails the test."""

    def __init__(self, size_bytes):
        self.content = bytearray()
        self.restarts = 0
        self._size_bytes = size_bytes

    def write(self, chunk):
        self.content += chunk
        assert len(self.content) <= self._size_bytes, "a byte past the promised size"

    def restart(self):
        self.content.clear()
        self.restarts += 1


class Told(Progress):
    def __init__(self):
        self.done = []
        self.retries = []

    def downloading(self, done_bytes, total_bytes):
        self.done.append((done_bytes, total_bytes))

    def retrying(self, reason, delay_ms):
        self.retries.append((reason, delay_ms))


class Lab:
    """Downloads, with virtual pauses between the tries."""

    def __init__(self, trusted):
        self.client = HttpsClient(trusted)
        self.clock = FakeClock()
        self.told = Told()
        self.sink = Sink(0)

    def download(self, url, size_bytes=SIZE_BYTES, buffer_bytes=4096, **limits):
        self.sink = Sink(size_bytes)
        download = Download(
            Source(url),
            size_bytes,
            client=self.client,
            clock=self.clock,
            limits=Limits(**{"silence_ms": 2000, **limits}),
        )
        download.run(self.sink, memoryview(bytearray(buffer_bytes)), self.told)
        return bytes(self.sink.content)


@pytest.fixture
def lab(trusted):
    return Lab(trusted)


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
    assert len(lab.clock.sleeps) == len(ceilings)
    assert all(0 <= slept <= ceiling for slept, ceiling in zip(lab.clock.sleeps, ceilings, strict=True))
    assert len(set(lab.clock.sleeps)) > 1


def test_the_program_is_told_of_every_pause_and_why(lab, serve):
    server = serve(CONTENT, server_that.status(503), server_that.hang_up)
    lab.download(server.url())
    assert [reason for reason, _ in lab.told.retries] == ["http-status", "unreachable"]
    assert [delay_ms for _, delay_ms in lab.told.retries] == lab.clock.sleeps


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


# What is not taken. Each row: what the server does, what it is called, and how often it is asked.

PERMANENT = [201, 202, 203, 204, 300, 301, 303, 304, 307, 308, 400, 401, 403, 404, 410, 416, 418]
PASSING = [408, 429, 500, 502, 503, 504, 599]
FAILURES = {
    **{f"status {number}": (server_that.status(number), BadHttpStatus, 1) for number in PERMANENT},
    **{f"status {number}": (server_that.status(number), BadHttpStatus, TRIES) for number in PASSING},
    "short body": (server_that.short_body(1), BodyTooShort, TRIES),
    "empty body": (server_that.short_body(SIZE_BYTES), BodyTooShort, TRIES),
    "long body": (server_that.long_body(1), BodyTooLong, 1),
    "long body, unannounced": (server_that.long_body(1, announced=False), BodyTooLong, 1),
    "very long body, unannounced": (server_that.long_body(500_000, announced=False), BodyTooLong, 1),
    "range that nobody asked for": (
        server_that.content_range(f"bytes 0-{SIZE_BYTES - 1}/{SIZE_BYTES}"),
        BadHttpAnswer,
        1,
    ),
    "gzip": (server_that.gzipped, BadHttpAnswer, 1),
    "no word": (server_that.hang_up, Unreachable, TRIES),
    "no HTTP": (server_that.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), Unreachable, TRIES),
    "endless head": (server_that.raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"), Unreachable, TRIES),
    "broken chunks": (
        server_that.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        BodyTooShort,
        TRIES,
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_server_that_misbehaves_is_told_by_its_reason_after_a_bounded_number_of_tries(lab, serve, name):
    behaviour, error, tries = FAILURES[name]
    server = serve(CONTENT, afterwards=behaviour)
    with pytest.raises(DownloadFailed) as caught:
        lab.download(server.url())
    assert type(caught.value) is error
    assert len(server.requests) == tries


@pytest.mark.parametrize("number", [404, 503])
def test_an_odd_status_can_be_asked_for(lab, serve, number):
    with pytest.raises(BadHttpStatus) as caught:
        lab.download(serve(CONTENT, afterwards=server_that.status(number)).url())
    assert caught.value.status == number


def test_of_an_answer_with_another_status_no_byte_is_taken(lab, serve):
    with pytest.raises(BadHttpStatus):
        lab.download(serve(CONTENT, server_that.status(404)).url())
    assert lab.sink.content == b""


def test_of_a_body_that_is_announced_too_long_no_byte_is_taken(lab, serve):
    with pytest.raises(BodyTooLong):
        lab.download(serve(CONTENT, server_that.long_body(1)).url())
    assert lab.sink.content == b""


def test_of_a_body_that_is_too_long_no_byte_past_the_size_is_taken(lab, serve):
    with pytest.raises(BodyTooLong):
        lab.download(serve(CONTENT, server_that.long_body(9, announced=False)).url())
    assert lab.sink.content == CONTENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bytes 4999-49999/50000",
        "bytes 5001-49999/50000",
        "bytes 0-49999/50000",
        "bytes 5000-49998/50000",
        "bytes 5000-49999/*",
        "bytes 5000-49999",
        "octets 5000-49999/50000",
        "nonsense",
    ],
)
def test_a_range_other_than_the_one_asked_for_is_not_taken(lab, serve, text):
    server = serve(CONTENT, server_that.drop_after(5_000), afterwards=server_that.content_range(text))
    with pytest.raises(BadHttpAnswer):
        lab.download(server.url())
    assert lab.sink.content == CONTENT[:5_000]
    assert len(server.requests) == 2


@pytest.mark.parametrize(("total", "error"), [(50_001, BodyTooLong), (49_999, BodyTooShort)])
def test_a_range_of_an_object_of_another_size_is_not_taken(lab, serve, total, error):
    text = f"bytes 5000-{total - 1}/{total}"
    server = serve(CONTENT, server_that.drop_after(5_000), afterwards=server_that.content_range(text))
    with pytest.raises(error):
        lab.download(server.url())
    assert lab.sink.content == CONTENT[:5_000]


def test_a_server_that_says_nothing_is_left_after_a_bounded_number_of_tries(lab, serve):
    server = serve(CONTENT, afterwards=server_that.silence)
    with pytest.raises(DownloadTimeout):
        lab.download(server.url(), silence_ms=100, fruitless_tries=3)
    assert len(server.requests) == 3


def test_nobody_is_followed_elsewhere(lab, serve):
    elsewhere = serve(CONTENT)
    server = serve(CONTENT, afterwards=server_that.redirect(elsewhere.url()))
    with pytest.raises(BadHttpStatus) as caught:
        lab.download(server.url())
    assert caught.value.status == 302
    assert elsewhere.requests == []


def test_a_port_where_nobody_listens_is_unreachable(lab, silent_port):
    with pytest.raises(Unreachable):
        lab.download(f"https://127.0.0.1:{silent_port}/image")
    assert len(lab.clock.sleeps) == TRIES - 1


# Who is believed.


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_request(lab, serve):
    server = serve(CONTENT, authority=Authority("somebody else"))
    with pytest.raises(UntrustedServer):
        lab.download(server.url())
    assert server.requests == []
    assert lab.clock.sleeps == []


@pytest.mark.parametrize(
    ("names", "host"), [(["other.example"], "127.0.0.1"), (["127.0.0.1"], "localhost"), (["*"], "localhost")]
)
def test_a_server_that_goes_by_another_name_gets_no_request(lab, serve, names, host):
    server = serve(CONTENT, names=names)
    with pytest.raises(UntrustedServer):
        lab.download(server.url(host=host))
    assert server.requests == []


def test_the_system_does_not_trust_the_authority_of_a_test(serve):
    server = serve(CONTENT)
    with pytest.raises(UntrustedServer):
        Lab(None).download(server.url())


# What is never told.


SECRET_FAILURES = {
    name: FAILURES[name][0] for name in ("status 403", "status 503", "long body", "gzip", "no word", "no HTTP")
}


@pytest.mark.parametrize("name", [*SECRET_FAILURES, "honest", "untrusted", "refused", "silent", "not a URL"])
def test_the_query_of_a_url_reaches_no_log_and_no_error(lab, serve, silent_port, caplog, name):
    caplog.set_level(logging.DEBUG)
    server = serve(CONTENT, afterwards=SECRET_FAILURES.get(name, server_that.honest))
    url = server.url()
    if name == "untrusted":
        url = serve(CONTENT, authority=Authority("somebody else")).url()
    elif name == "refused":
        url = f"https://127.0.0.1:{silent_port}/image?X-Amz-Signature=secret"
    elif name == "silent":
        server.afterwards = server_that.silence
    elif name == "not a URL":
        url = "https://[/image?X-Amz-Signature=secret"
    told = ""
    try:
        lab.download(url, silence_ms=100, fruitless_tries=2)
    except DownloadFailed as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.cause)
    assert "download-started" in caplog.text
    assert "secret" not in caplog.text + told
    assert bool(told) == (name != "honest")
