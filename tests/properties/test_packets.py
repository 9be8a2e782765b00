"""MQTT packets say what they were made of; a body that a broker sends is read, or IndexError: it is too short.

Those that are sent are read back here by the tables of MQTT 3.1.1.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.iot.mqtt import _packets_micropython as packets
from aws.iot.mqtt.filters import Filter

NAMES = st.text(min_size=1, max_size=40)
NUMBERS = st.integers(1, 0xFFFF)
BODIES = st.binary(max_size=12)
PAYLOADS = st.binary(max_size=20) | st.sampled_from([70, 16_350]).flatmap(
    # Where the length of a packet takes one byte more; the bytes do not matter there.
    lambda size: st.integers(size, size + 60).map(bytes)
)


def opened(packet: bytes | bytearray) -> tuple[int, bytes]:
    """The first byte and the body of a packet, whose length must be the one that its head tells: section 2.2.3."""
    size, place = 0, 1
    while True:
        size |= (packet[place] & 0x7F) << 7 * (place - 1)
        place += 1
        if packet[place - 1] < 0x80:
            break
    assert len(packet) == place + size
    return packet[0], bytes(packet[place:])


def text_of(body: bytes) -> tuple[str, bytes]:
    """The text that a body begins with, and what follows it: section 1.5.3."""
    stop = 2 + int.from_bytes(body[:2], "big")
    assert len(body) >= stop
    return body[2:stop].decode(), body[stop:]


@given(NAMES, PAYLOADS, st.integers(0, 0xFFFF))
def test_a_message_is_read_as_it_was_made(topic: str, payload: bytes, number: int) -> None:
    first, body = opened(packets.publish(topic, payload, number))
    name, content, acknowledgement = packets.message(first, memoryview(body))
    assert first == (0x32 if number else 0x30)
    assert (name.decode(), bytes(content)) == (topic, payload)
    assert acknowledgement == (b"\x40\x02" + number.to_bytes(2, "big") if number else b"")


@given(NAMES, st.integers(0, 0xFFFF))
def test_a_connect_names_the_client_and_how_long_it_may_be_silent(client_id: str, keepalive_s: int) -> None:
    first, body = opened(packets.connect(client_id, keepalive_s))
    assert (first, body[:8], int.from_bytes(body[8:10], "big")) == (0x10, b"\0\x04MQTT\x04\x02", keepalive_s)
    assert text_of(body[10:]) == (client_id, b"")


@given(NUMBERS, st.lists(st.tuples(NAMES, st.integers(0, 1)), min_size=1, max_size=8))
def test_a_subscription_names_every_filter_and_its_qos(number: int, wanted: list[tuple[str, int]]) -> None:
    routes = [Filter(topic_filter, lambda *_: None, qos) for topic_filter, qos in wanted]
    first, body = opened(packets.subscribe(number, routes))
    assert (first, packets.answered(memoryview(body))) == (0x82, number)
    rest, found = body[2:], []
    while rest:
        topic_filter, rest = text_of(rest)
        found.append((topic_filter, rest[0]))
        rest = rest[1:]
    assert found == wanted


@given(NUMBERS, NAMES)
def test_the_end_of_a_subscription_names_its_filter(number: int, topic_filter: str) -> None:
    first, body = opened(packets.unsubscribe(number, topic_filter))
    assert (first, packets.answered(memoryview(body))) == (0xA2, number)
    assert text_of(body[2:]) == (topic_filter, b"")


@given(st.integers(0x30, 0x3F), BODIES)
def test_any_body_is_a_message_of_its_own_bytes_or_too_short(first: int, body: bytes) -> None:
    try:
        name, payload, acknowledgement = packets.message(first, memoryview(body))
    except IndexError:
        assert len(body) < 2 or len(body) < 4 + int.from_bytes(body[:2], "big")
        return
    assert name + acknowledgement[2:] + bytes(payload) == body[2:]
    assert len(acknowledgement) == (4 if first & 6 else 0)


@given(BODIES)
def test_an_answer_to_a_connect_is_yes_or_a_documented_no(body: bytes) -> None:
    if len(body) < 2:
        with pytest.raises(IndexError):
            packets.check_accepted(memoryview(body))
    elif body[1]:
        with pytest.raises(OSError if body[1] == 3 else ValueError, match="the broker refused us"):
            packets.check_accepted(memoryview(body))
    else:
        packets.check_accepted(memoryview(body))
