"""Answers before the answer: they are skipped, in bounded number and size, on each client."""

import pytest

from fota_testing.servers import behaviours as server_that
from tests.labs.endless_answers import CONTENT, FLOODS, HEAD, INTERIM, dripping, without_end
from tests.labs.http_micropython_lab import every_half as interpreter
from tests.labs.http_micropython_lab import get
from tests.labs.interpreter import device
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("device", "get", "interpreter", "pytestmark")

HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
SKIPPED = {**INTERIM, "sixteen": HINT * 16, "a long one": HINT.replace(b"/a", b"/" + b"a" * 4_000)}


def test_interim_answers_are_skipped(get, serve):
    server = serve(b"", *[server_that.raw(before + HEAD + CONTENT) for before in SKIPPED.values()])
    found = get(*[server.url()] * len(SKIPPED))
    assert [(one.status, one.body == CONTENT) for one in found] == [(200, True)] * len(SKIPPED)


def test_an_interim_answer_may_come_in_pieces(get, serve):
    def in_pieces(visit):
        for octet in HINT + HEAD:
            visit.send(bytes([octet]))
        visit.send(CONTENT)

    assert get(serve(b"", in_pieces).url()).body == CONTENT


def test_what_a_hint_says_of_the_image_does_not_count(get, serve):
    before = b"HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\nETag: x\r\n\r\n"
    found = get(serve(b"", server_that.raw(before + HEAD + CONTENT)).url())
    assert (found.length_bytes, found.etag, found.body) == (len(CONTENT), None, CONTENT)


@pytest.mark.parametrize("name", ["100 without end", "103 without end"])
def test_interim_answers_without_end_are_unreachable(get, serve, name):
    assert get(serve(b"", without_end(*FLOODS[name])).url()).error == "Unreachable"


def test_interim_answers_that_drip_are_a_timeout(get, serve):
    assert get(serve(b"", dripping(b"", HINT, 0.01)).url(), timeout_ms=400).error == "DownloadTimeout"


def test_an_interim_answer_without_an_answer_is_unreachable(get, serve):
    assert get(serve(b"", server_that.raw(HINT)).url()).error == "Unreachable"


def test_another_protocol_is_an_answer_that_nobody_asked_for(get, serve):
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
    found = get(serve(b"", server_that.raw(switch + HEAD + CONTENT)).url())
    assert (found.status, found.error) == (101, None)
