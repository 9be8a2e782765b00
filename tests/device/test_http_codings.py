"""Codings are judged by their meaning, and only of a body that would be used: a page of an error may have any."""

import pytest

from fota_testing.servers import behaviours as server_that
from tests.labs.http_micropython_lab import every_half as interpreter
from tests.labs.http_micropython_lab import get
from tests.labs.interpreter import device
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("device", "get", "interpreter", "pytestmark")

PLAIN = ("identity", "", "Identity", "IDENTITY , identity", ",identity,", "identity\r\nContent-Encoding: identity")
CODED = ("gzip", "GZIP", "identity, gzip", "br", "identity\r\nContent-Encoding: deflate", "identity;q=1")
PAGES = {
    "compressed": b"503 Busy\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "in chunks, as S3's are": b"403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "compressed and in chunks": b"429 Later\r\nTransfer-Encoding: chunked\r\nContent-Encoding: br\r\n\r\n0\r\n\r\n",
    "of a length that is none": b"500 Error\r\nContent-Length: many\r\n\r\nabc",
    "a redirection": b"302 Found\r\nLocation: https://elsewhere/\r\nContent-Encoding: gzip\r\n\r\n",
}
HEADS = {
    "200": b"200 OK\r\nContent-Length: 3",
    "206": b"206 Partial Content\r\nContent-Length: 3\r\nContent-Range: bytes 1-3/4",
}


def answers(get, serve, heads):
    """What each of the heads comes to, with three bytes behind it."""
    server = serve(b"", *[server_that.raw(b"HTTP/1.1 " + head) for head in heads])
    return get(*[server.url()] * len(heads))


def test_of_a_page_of_an_error_the_status_alone_counts(get, serve):
    found = answers(get, serve, PAGES.values())
    assert [(one.status, one.error) for one in found if one.error] == []
    assert [one.status for one in found] == [503, 403, 429, 500, 302]


@pytest.mark.parametrize("status", HEADS)
def test_no_coding_may_be_said_in_many_ways(get, serve, status):
    heads = [HEADS[status] + f"\r\nContent-Encoding: {coding}\r\n\r\nabc".encode() for coding in PLAIN]
    found = answers(get, serve, heads)
    assert dict(zip(PLAIN, [one.body for one in found], strict=True)) == dict.fromkeys(PLAIN, b"abc")


@pytest.mark.parametrize("status", HEADS)
def test_an_image_in_a_coding_is_refused(get, serve, status):
    heads = [HEADS[status] + f"\r\nContent-Encoding: {coding}\r\n\r\nabc".encode() for coding in CODED]
    found = answers(get, serve, heads)
    assert dict(zip(CODED, [one.error for one in found], strict=True)) == dict.fromkeys(CODED, "BadHttpAnswer")
