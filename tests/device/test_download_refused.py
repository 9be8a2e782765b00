"""Answers that a download does not take: what each is called, and how often the server is asked."""

import pytest

from fota.errors import (
    BadHttpAnswer,
    BadHttpStatus,
    BodyTooLong,
    BodyTooShort,
    DownloadFailed,
    DownloadTimeout,
    Unreachable,
)
from fota_testing.servers import behaviours as server_that
from tests.labs.download_lab import CONTENT, FAILURES, TRIES, lab

__all__ = ("lab",)


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
    assert len(lab.told.retries) == TRIES - 1
