"""A GET without urllib3, on both interpreters: what it refuses, and errors that tell no secret."""

import pytest

from fota_testing.servers import behaviours as server_that
from fota_testing.servers.authority import Authority
from tests.labs.http_micropython_lab import CONTENT, HONEST_HEAD, get, interpreter
from tests.labs.interpreter import device, only_where_it_runs

pytestmark = [only_where_it_runs, pytest.mark.slow]

__all__ = ("device", "get", "interpreter")

SECRET = "X-Amz-Signature=secret"

BAD_HEADS = {
    "no word of HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "nothing": b"\r\n\r\n",
    "another version": b"HTTP/2 200 OK\r\n\r\n",
    "a version that goes on": b"HTTP/1.10 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status below 100": b"HTTP/1.1 099 OK\r\n\r\n",
    "a status with a sign": b"HTTP/1.1 +20 OK\r\n\r\n",
    "a header without a colon": HONEST_HEAD + b"nothing\r\n\r\nabc",
    "a header without a name": HONEST_HEAD + b": x\r\n\r\nabc",
    "a blank before the colon": HONEST_HEAD + b"ETag : x\r\n\r\nabc",
    "a header that goes on in the next line": HONEST_HEAD + b"X: y\r\n ETag: x\r\n\r\nabc",
    "half a line's end": HONEST_HEAD + b"X: y\nETag: x\r\n\r\nabc",
    "the other half": HONEST_HEAD + b"X: y\rETag: x\r\n\r\nabc",
    "a zero byte": HONEST_HEAD + b"ETag: x\0\r\n\r\nabc",
    "no ASCII": HONEST_HEAD + b"ETag: \xff\r\n\r\nabc",
    "no ASCII, but UTF-8": HONEST_HEAD + b"ETag: \xc3\xa9\r\n\r\nabc",
    "a head of 65 headers": HONEST_HEAD + b"X: y\r\n" * 64 + b"\r\nabc",
    "a head of one byte too many": (HONEST_HEAD + b"X: ").ljust(8_192 - 4 + 1, b"y") + b"\r\n\r\nabc",
    "an endless header": HONEST_HEAD + b"X: " + b"y" * 100_000,
    "endless headers": HONEST_HEAD + b"X: y\r\n" * 20_000,
    "a head that ends in the middle": HONEST_HEAD,
}

BAD_ANSWERS = {
    "a length with a sign": b"Content-Length: +3",
    "a length in hexadecimal digits": b"Content-Length: 0x3",
    "no length after all": b"Content-Length:",
    "a length of more than 15 digits": b"Content-Length: 1111111111111111",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4",
    "the same length twice": b"Content-Length: 3\r\nContent-Length: 3",
    "chunks": b"Transfer-Encoding: chunked",
    "chunks of a length": b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    "a coding": b"Content-Encoding: gzip",
    "two codings": b"Content-Encoding: identity\r\nContent-Encoding: gzip",
}


def errors_of(get, server):
    """The error of each answer that the server has in its script."""
    return [found.error for found in get(*[server.url()] * len(server.script))]


def test_what_is_no_head_is_unreachable(get, serve):
    server = serve(b"", *map(server_that.raw, BAD_HEADS.values()))
    assert dict(zip(BAD_HEADS, errors_of(get, server), strict=True)) == dict.fromkeys(BAD_HEADS, "Unreachable")


def test_a_body_that_is_coded_or_of_no_certain_length_is_refused(get, serve):
    raw = [b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\nabc" for lines in BAD_ANSWERS.values()]
    server = serve(b"", *map(server_that.raw, raw))
    assert dict(zip(BAD_ANSWERS, errors_of(get, server), strict=True)) == dict.fromkeys(BAD_ANSWERS, "BadHttpAnswer")


def test_a_head_may_have_64_headers_and_8192_bytes(get, serve):
    most_headers = HONEST_HEAD + b"X: y\r\n" * 63 + b"\r\nabc"
    longest = (HONEST_HEAD + b"X: ").ljust(8_192 - 4, b"y") + b"\r\n\r\nabc"
    server = serve(b"", server_that.raw(most_headers), server_that.raw(longest))
    assert [found.body for found in get(server.url(), server.url())] == [b"abc", b"abc"]


BAD_URLS = [
    "http://127.0.0.1:{port}/image",
    "HTTPS://127.0.0.1:{port}/image",
    " https://127.0.0.1:{port}/image",
    "https:///image",
    "https://127.0.0.1:{port}",
    "https://127.0.0.1:{port}?image",
    "https://127.0.0.1:{port}#/image",
    "https://127.0.0.1:{port}/image#part",
    "https://127.0.0.1:/image",
    "https://127.0.0.1:0/image",
    "https://127.0.0.1:65536/image",
    "https://127.0.0.1:+{port}/image",
    "https://127.0.0.1:{port}:{port}/image",
    "https://user@127.0.0.1:{port}/image",
    "https://other.example\\@127.0.0.1:{port}/image",
    "https://[::1]:{port}/image",
    "https://[/image",
    "https://./image",
    "https://127.0.0.1 :{port}/image",
    "https://127.0.0.1:{port}/image HTTP/1.1\r\nX: y",
    "https://127.0.0.1:{port}/im\nage",
    "https://127.0.0.1:{port}/im\x00age",
    "https://127.0.0.1:{port}/im\xe4ge",
    "https://h\xf6st:{port}/image",
    "",
    "https://",
]


def test_a_url_that_two_parsers_could_read_differently_is_not_used(get, serve):
    server = serve(CONTENT)
    urls = [url.format(port=server.port) + f"?{SECRET}" * ("/im" in url) for url in BAD_URLS]
    found = get(*urls)
    assert {url: one.error for url, one in zip(urls, found, strict=True)} == dict.fromkeys(urls, "BadHttpAnswer")
    assert "secret" not in "".join(one.said for one in found)
    assert server.requests == []


def test_no_error_tells_the_query_of_a_url(get, serve, silent_port):
    server = serve(
        CONTENT, server_that.hang_up, server_that.silence, server_that.gzipped, server_that.raw(b"\r\n\r\n")
    )
    stranger = serve(CONTENT, authority=Authority("somebody else"))
    urls = [server.url()] * 4 + [stranger.url(), f"https://127.0.0.1:{silent_port}/image?{SECRET}"]
    found = get(*urls, timeout_ms=300)
    assert None not in [one.error for one in found]
    assert "secret" not in "".join(one.said for one in found)
