"""An answer has one deadline and one budget of bytes for all that is not its body, on CPython's client too."""

import socket
import time

import pytest

from fota.errors import DownloadTimeout, Unreachable
from fota.transfer._http_cpython import Urllib3Client
from fota_testing.servers import behaviours as server_that
from tests.labs.endless_answers import (
    CHUNK,
    CHUNKED,
    CONTENT,
    FLOODS,
    FLOODS_OF_BODY,
    HEAD,
    INTERIM,
    dripping,
    without_end,
)
from tests.labs.http_micropython_lab import get, interpreter, plain_server
from tests.labs.interpreter import device, only_where_it_runs

pytestmark = pytest.mark.slow

__all__ = ("device", "get", "interpreter")

TIMEOUT_MS = 400
SOON_S = 3 * TIMEOUT_MS / 1000


def body_of(client, url, timeout_ms=TIMEOUT_MS, buffer_bytes=4_096):
    """All of the body, read as a download does."""
    answer = client.get(url, {}, timeout_ms)
    buffer = memoryview(bytearray(buffer_bytes))
    body = b""
    try:
        while count := answer.readinto(buffer):
            body += buffer[:count]
    finally:
        answer.close()
    return body


@pytest.fixture
def client(trusted):
    return Urllib3Client(trusted)


@pytest.fixture
def soon():
    """What the test does has to end soon after its timeout."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SOON_S


@pytest.mark.parametrize("name", INTERIM)
def test_interim_answers_are_skipped(client, serve, name):
    assert body_of(client, serve(CONTENT, server_that.raw(INTERIM[name] + HEAD + CONTENT)).url(), 5_000) == CONTENT


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_instead_of_a_head_is_unreachable(client, serve, name):
    with pytest.raises(Unreachable):
        client.get(serve(CONTENT, without_end(*FLOODS[name])).url(), {}, 20_000)


@pytest.mark.parametrize("name", ["100 without end", "103 without end"])
def test_a_flood_of_interim_answers_is_called_by_its_name(client, serve, name):
    with pytest.raises(Unreachable, match="the answer has no head, or no end of it"):
        client.get(serve(CONTENT, without_end(*FLOODS[name])).url(), {}, 20_000)


@pytest.mark.parametrize("name", FLOODS_OF_BODY)
def test_a_flood_around_a_body_is_unreachable(client, serve, name):
    with pytest.raises(Unreachable):
        body_of(client, serve(CONTENT, without_end(*FLOODS_OF_BODY[name])).url(), 20_000)


@pytest.mark.parametrize("name", FLOODS)
def test_a_head_that_drips_is_a_timeout(client, serve, soon, name):
    with pytest.raises(DownloadTimeout):
        client.get(serve(CONTENT, dripping(*FLOODS[name])).url(), {}, TIMEOUT_MS)


def test_an_honest_head_that_drips_is_a_timeout(client, serve, soon):
    with pytest.raises(DownloadTimeout):
        client.get(serve(CONTENT, dripping(b"", HEAD, 0.2)).url(), {}, TIMEOUT_MS)


def test_a_head_that_stops_half_way_has_no_time_of_its_own_for_each_byte(client, serve):
    def answer(visit):
        visit.pause(0.5)
        visit.send(b"HTTP/1.1 200 OK\r\n")
        visit.say_nothing_more()

    url = serve(CONTENT, answer).url()
    begun = time.monotonic()
    with pytest.raises(DownloadTimeout):
        client.get(url, {}, 600)
    assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize("name", ["trailers without end", "chunk extension without end"])
def test_a_frame_that_drips_is_a_timeout(client, serve, soon, name):
    with pytest.raises(DownloadTimeout):
        body_of(client, serve(CONTENT, dripping(*FLOODS_OF_BODY[name])).url())


def test_a_handshake_that_drips_is_a_timeout(client, soon):
    def serve_one(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The record of a ServerHello, a byte at a time.
        for octet in b"\x16\x03\x03\x00\x7a\x02" + bytes(100):
            connection.sendall(bytes((octet,)))
            time.sleep(0.05)

    with plain_server(serve_one) as port, pytest.raises(DownloadTimeout):
        client.get(f"https://127.0.0.1:{port}/image", {}, TIMEOUT_MS)


def test_a_body_may_take_as_long_as_it_never_falls_silent(client, serve):
    assert body_of(client, serve(CONTENT, server_that.slow(100, 0.1)).url(), 300) == CONTENT


def test_a_caller_that_pauses_for_longer_than_the_timeout_goes_on(client, serve):
    answer = client.get(serve(CONTENT, server_that.slow(500, 0.05)).url(), {}, 300)
    buffer = memoryview(bytearray(400))
    total = 0
    while count := answer.readinto(buffer):
        total += count
        time.sleep(0.35)
    answer.close()
    assert total == len(CONTENT)


@pytest.mark.parametrize("size_bytes", [1, 7, 997])
def test_chunks_of_an_honest_body_fit_the_budget(client, serve, size_bytes):
    content = CONTENT * 4 if size_bytes == 1 else CONTENT * 300
    pieces = [content[at : at + size_bytes] for at in range(0, len(content), size_bytes)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    assert body_of(client, serve(content, server_that.raw(CHUNKED + body + b"0\r\n\r\n")).url(), 5_000) == content


def test_a_trailer_that_ends_is_read_over(client, serve):
    answer = CHUNKED + CHUNK + b"0\r\nX-Checksum: 1\r\n\r\n"
    assert body_of(client, serve(CONTENT, server_that.raw(answer)).url(), 5_000) == CONTENT


def test_each_answer_has_a_budget_of_its_own(client, serve):
    content = CONTENT * 100
    flood = without_end(*FLOODS["100 without end"])
    server = serve(content, flood, server_that.honest, flood, server_that.honest)
    for _ in range(2):
        with pytest.raises(Unreachable):
            client.get(server.url(), {}, 5_000)
        assert body_of(client, server.url(), 5_000) == content


@only_where_it_runs
@pytest.mark.parametrize("name", ["field without end", "line without end"])
def test_the_client_without_urllib3_ends_the_same_heads(get, serve, name):
    assert get(serve(CONTENT, without_end(*FLOODS[name])).url()).error == "Unreachable"
    assert get(serve(CONTENT, dripping(*FLOODS[name])).url(), timeout_ms=TIMEOUT_MS).error == "DownloadTimeout"
