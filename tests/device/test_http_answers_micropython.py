"""One verified, ranged GET without urllib3, on both interpreters: what is asked for, and what comes."""

import contextlib
import socket
import threading

import pytest

from fota_testing.servers import behaviours as server_that
from tests.labs.http_micropython_lab import CONTENT, HONEST_HEAD, get, interpreter, plain_server
from tests.labs.interpreter import device
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("device", "get", "interpreter", "pytestmark")

ETAG = '"first"'


@pytest.mark.parametrize("buffer_bytes", [1, 997, 4096, 65_536])
def test_the_bytes_come_in_order_each_once(get, serve, buffer_bytes):
    found = get(serve(CONTENT[:5_001]).url(), buffer_bytes=buffer_bytes)
    assert (found.status, found.length_bytes, found.etag, found.content_range) == (200, 5_001, ETAG, None)
    assert (found.body, found.error) == (CONTENT[:5_001], None)


def test_the_request_says_what_is_asked_for_and_nothing_else(get, serve):
    server = serve(CONTENT)
    found = get(server.url("/a%20key?x=1&y=/2"), headers={"Range": "bytes=5000-", "If-Range": ETAG})
    assert (found.status, found.content_range, found.body) == (206, "bytes 5000-19999/20000", CONTENT[5_000:])
    assert server.requests == [
        {
            "": "GET /a%20key?x=1&y=/2 HTTP/1.1",
            "host": f"127.0.0.1:{server.port}",
            "connection": "close",
            "range": "bytes=5000-",
            "if-range": ETAG,
        }
    ]


def test_a_long_url_and_long_headers_are_sent_whole(get, serve):
    server = serve(CONTENT[:10])
    path = "/" + "x" * 16_000
    assert get(server.url(path), headers={"X-Long": "y" * 30_000}).body == CONTENT[:10]
    assert server.requests[0][""] == f"GET {path} HTTP/1.1"
    assert server.requests[0]["x-long"] == "y" * 30_000


def test_an_answer_whose_end_is_the_end_of_the_connection_is_read_to_there(get, serve):
    found = get(serve(CONTENT, server_that.no_length).url())
    assert (found.length_bytes, found.body, found.error) == (None, CONTENT, None)


def test_nothing_is_read_past_the_length_that_was_announced(get, serve):
    assert get(serve(b"", server_that.raw(HONEST_HEAD + b"\r\nabcdef")).url()).body == b"abc"


@pytest.mark.parametrize("number", [201, 302, 403, 404, 416, 503, 599])
def test_every_status_is_told_and_nobody_is_followed(get, serve, number):
    elsewhere = serve(CONTENT)
    server = serve(CONTENT, server_that.status(number, Location=elsewhere.url()))
    found = get(server.url())
    assert (found.status, found.error) == (number, None)
    assert elsewhere.requests == []


def test_an_answer_that_comes_byte_by_byte_is_read_like_any_other(get, serve):
    def byte_by_byte(visit):
        for byte in HONEST_HEAD + b"ETag: x\r\n\r\nabc":
            visit.send(bytes([byte]))

    found = get(serve(b"", byte_by_byte).url())
    assert (found.status, found.etag, found.body) == (200, "x", b"abc")


def test_an_answer_whose_tls_records_come_in_pieces_is_read_like_any_other(get, serve):
    with torn_in_pieces(serve(CONTENT)) as port:
        assert get(f"https://127.0.0.1:{port}/image").body == CONTENT


def test_names_of_headers_are_read_in_any_case_and_values_without_the_blanks_around_them(get, serve):
    raw = b"HTTP/1.0 200\r\ncOnTeNt-LeNgTh:3\r\nETAG: \t a b \t\r\nX-Empty:\r\n\r\nabc"
    found = get(serve(b"", server_that.raw(raw)).url())
    assert (found.status, found.length_bytes, found.etag, found.body) == (200, 3, "a b", b"abc")


@contextlib.contextmanager
def torn_in_pieces(server):
    """Stands before a server and passes its bytes on in pieces of odd sizes, with pauses; the port."""

    def relay(connection):
        with socket.create_connection(("127.0.0.1", server.port)) as behind:
            behind.settimeout(10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            up = threading.Thread(target=pass_on, args=(connection, behind, 1 << 16), daemon=True)
            up.start()
            pass_on(behind, connection, 1_003)
            connection.shutdown(socket.SHUT_WR)
            up.join(10)

    with plain_server(relay) as port:
        yield port


def pass_on(source, target, most_bytes):
    with contextlib.suppress(OSError):
        chunk = source.recv(most_bytes)
        while chunk:
            target.sendall(chunk)
            threading.Event().wait(0.002)
            chunk = source.recv(most_bytes)
