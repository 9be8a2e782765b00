"""What a shadow says becomes a state, or a doubt that says why; never a version that the device did not say."""

import json
from datetime import datetime, timezone

import pytest

from fota_operator.fleet.said_state import (
    DOUBTS,
    NONSENSE,
    NOT_TOLD,
    OTHER_WRITER,
    Doubtful,
    SaidFailure,
    read_state,
    state_in,
    state_in_index,
)
from tests.labs.strict_fleet import telling


def test_a_state_is_read_with_the_time_of_its_last_report() -> None:
    metadata = {"reported": {"version": {"timestamp": 100}, "last_failure": {"job": {"timestamp": 300}}}}
    said = read_state({"reported": telling(last_failure={"job": "j", "reason": "rolled-back"})}, metadata)
    assert (said.product, said.version, said.seq, said.slot, said.state) == ("pump", "1.4.0", 7, 1, "confirmed")
    assert said.last_failure == SaidFailure("j", "rolled-back")
    assert said.reported_at == datetime.fromtimestamp(300, timezone.utc)


def test_what_an_image_without_a_signature_cannot_say_is_not_known() -> None:
    said = read_state({"reported": telling(version=None, product=None, seq=None)}, None)
    assert (said.product, said.version, said.seq, said.sha256, said.reported_at) == (
        None,
        None,
        None,
        "ab" * 32,
        None,
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"format": 2}, "format: expected 1, got 2"),
        ({"format": True}, "format: expected 1, got True"),
        ({"format": None}, "format: expected 1, got nothing"),
        ({"version": 140}, "version: expected 1 to 64 printable characters, got 140"),
        ({"version": ""}, "version: expected 1 to 64 printable characters, got ''"),
        ({"version": "1" * 65}, "version: expected 1 to 64 printable characters, got"),
        ({"version": "\x1b[31m1.4.0"}, "version: expected 1 to 64 printable characters, got"),
        ({"version": ["1.4.0"]}, "version: expected 1 to 64 printable characters, got"),
        ({"product": {"a": 1}}, "product: expected"),
        ({"seq": 0}, "seq: expected a sequence number, got 0"),
        ({"seq": 1.0}, "seq: expected a sequence number, got 1.0"),
        ({"sha256": "AB" * 32}, "sha256: expected a SHA-256 in hex"),
        ({"slot": -1}, "slot: expected the number of a slot, got -1"),
        ({"state": "fine"}, "state: expected confirmed or on-trial, got 'fine'"),
        ({"state": ["confirmed"]}, "state: expected confirmed or on-trial"),
        ({"free_bytes": True}, "free_bytes: expected a number of bytes, got True"),
        ({"last_failure": "yes"}, "last_failure: expected an object, got 'yes'"),
        ({"last_failure": {"job": 1}}, "job: expected 1 to 128 printable characters, got 1"),
    ],
)
def test_nonsense_is_a_doubt_that_names_the_field(fields: dict[str, object], text: str) -> None:
    with pytest.raises(Doubtful) as caught:
        read_state({"reported": telling(**fields)}, None)
    assert caught.value.doubt.kind == NONSENSE
    assert caught.value.doubt.text.startswith(text)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"1", b"{", b"\xff\xfe", b'{"state": []}', b"[" * 100_000, b" " * 70_000]
)
def test_what_is_no_shadow_is_a_doubt(raw: bytes) -> None:
    with pytest.raises(Doubtful) as caught:
        state_in(raw)
    assert caught.value.doubt.kind == NONSENSE


def test_a_shadow_with_a_desired_state_was_written_by_somebody_else() -> None:
    with pytest.raises(Doubtful) as caught:
        read_state({"reported": telling(), "desired": {"version": "9.9.9"}}, None)
    assert caught.value.doubt.kind == OTHER_WRITER


@pytest.mark.parametrize("text", ['{"name": {}}', '{"name": {"$package": {}}}', '{"reported": {"format": 1}}', "{}"])
def test_a_thing_of_the_index_without_our_shadow_has_told_nothing(text: str) -> None:
    with pytest.raises(Doubtful) as caught:
        state_in_index(text)
    assert caught.value.doubt.kind == NOT_TOLD


def test_the_classic_shadow_of_a_thing_is_not_taken_for_ours() -> None:
    text = json.dumps({"reported": telling("9.9.9"), "name": {"fota": {"reported": telling("1.4.0")}}})
    assert state_in_index(text).version == "1.4.0"


@pytest.mark.parametrize("time", [True, -5, 10**20, "300", None])
def test_a_time_that_is_none_is_left_out(time: object) -> None:
    assert read_state({"reported": telling()}, {"reported": {"version": {"timestamp": time}}}).reported_at is None


def test_every_doubt_has_its_meaning() -> None:
    assert {NOT_TOLD, NONSENSE, OTHER_WRITER} <= set(DOUBTS)
    assert all(text == Doubtful(kind).doubt.text for kind, text in DOUBTS.items())
