"""What a range is asked for with, and which answers about ranges are believed."""

import pytest

from fota.errors import BadHttpAnswer
from fota.fields import whole_number
from fota.transfer.http_head import parse_content_range, range_headers, url_authority, whole_size


def test_the_whole_object_is_asked_for_without_a_range():
    assert range_headers(0, '"tag"') == {"Accept-Encoding": "identity"}


def test_the_rest_of_an_object_is_asked_for_only_if_it_is_still_the_same():
    assert range_headers(5, '"tag"') == {"Accept-Encoding": "identity", "Range": "bytes=5-", "If-Range": '"tag"'}


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_ranges_are_not_joined_by_a_validator_that_does_not_tell_bytes_apart(etag):
    assert range_headers(5, etag) == {"Accept-Encoding": "identity", "Range": "bytes=5-"}


def test_a_part_of_an_object_is_asked_for_by_its_last_byte():
    assert range_headers(0, '"tag"', 10) == {"Accept-Encoding": "identity", "Range": "bytes=0-9"}
    assert range_headers(5, '"tag"', 6) == {"Accept-Encoding": "identity", "Range": "bytes=5-5", "If-Range": '"tag"'}


class Head:
    """The head of an answer with a part of an object."""

    def __init__(self, content_range: str | None) -> None:
        self.status = 206
        self.length_bytes: int | None = None
        self.etag: str | None = None
        self.content_range = content_range


@pytest.mark.parametrize("content_range", ["bytes 0-9/100", "bytes 0-99/100", "bytes 0-4/5"])
def test_the_part_that_was_asked_for_is_believed_and_so_is_one_up_to_the_end(content_range):
    assert whole_size(Head(content_range), 0, None, 10) == int(content_range.rpartition("/")[2])


@pytest.mark.parametrize("content_range", ["bytes 0-8/100", "bytes 0-10/100", "bytes 1-9/100", None])
def test_another_part_than_was_asked_for_is_refused(content_range):
    with pytest.raises(BadHttpAnswer, match="Content-Range"):
        whole_size(Head(content_range), 0, None, 10)


def test_a_part_that_nobody_asked_for_is_refused():
    with pytest.raises(BadHttpAnswer, match="expected 200, got 206"):
        whole_size(Head("bytes 0-9/100"), 0, None)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("bytes 0-0/1", (0, 0, 1)),
        ("bytes 5-9/10", (5, 9, 10)),
        ("bytes 0-999999999999998/999999999999999", (0, 999999999999998, 999999999999999)),
    ],
)
def test_a_content_range_is_understood(text, numbers):
    assert parse_content_range(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "bytes",
        "bytes ",
        "bytes 5-9",
        "bytes 5-9/*",
        "bytes */10",
        "bytes 9-5/10",
        "bytes 5-10/10",
        "bytes 5-9/0",
        "bytes -9/10",
        "bytes 5-/10",
        "bytes 5-9/10/11",
        "bytes 5-9-10/11",
        "bytes +5-9/10",
        "bytes 5.0-9/10",
        "bytes 0x5-9/10",
        "bytes  5-9/10",
        "bytes 5 - 9/10",
        "bytes 5-9/10 ",
        "octets 5-9/10",
        "BYTES=5-9/10",
        "bytes 5-9/9999999999999999",
        "bytes " + "9" * 5000 + "-9/10",
        "bytes \u0665-\u0669/10",
        "bytes \u00b2-9/10",
    ],
)
def test_a_content_range_that_is_not_one_is_refused(text):
    with pytest.raises(BadHttpAnswer, match="Content-Range"):
        parse_content_range(text)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 15, 10**15 - 1)])
def test_a_whole_number_is_understood(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", " 1", "+1", "-1", "1.0", "0x1", "1_0", "9" * 16, "\u0661", "\u00b2", "one"])
def test_a_text_that_is_no_whole_number_is_none(text):
    assert whole_number(text) is None


@pytest.mark.parametrize(
    ("authority", "found"),
    [
        ("bucket.s3-eu.Example", ("bucket.s3-eu.Example", 443)),
        ("127.0.0.1:4566", ("127.0.0.1", 4566)),
        ("h:65535", ("h", 65_535)),
    ],
)
def test_a_host_and_its_port_are_read(authority: str, found: "tuple[str, int]") -> None:
    assert url_authority(authority) == found


@pytest.mark.parametrize(
    "authority",
    [
        "",
        ":443",
        "h:",
        "h:0",
        "h:65536",
        "h:+1",
        "h:1:2",
        "h:" + "1" * 16,
        ".h",
        "h.",
        "-h",
        ".",
        "a b",
        "u@h",
        "[::1]",
    ],
)
def test_of_a_host_that_two_parsers_could_read_differently_there_is_no_port(authority: str) -> None:
    assert url_authority(authority)[1] == 0
