"""This file reads and writes packets of MQTT 3.1.1 and 5 as a broker does, for `fota_testing.servers.mqtt_broker`.

It knows no socket, and skips the properties of MQTT 5.
MQTT: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html (chapters 2 and 3),
https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html (the same)
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
FOUR, FIVE = 4, 5
"""How CONNECT tells MQTT 3.1.1 and MQTT 5."""
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14


class PublishPacket(NamedTuple):
    """A PUBLISH as it came."""

    topic: str
    payload: bytes
    qos: int
    is_repeated: bool
    packet_id: int


def encode(kind: int, body: bytes, *, flags: int = 0) -> bytes:
    """A packet with its head."""
    size, length = len(body), b""
    while True:
        size, digit = divmod(size, 128)
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return bytes([kind << 4 | flags]) + length + body


def _length(packet: bytes) -> tuple[int, int] | None:
    """The length of the body, and where it starts; None if that has not come yet."""
    size = 0
    for position, digit in enumerate(packet[1:5]):
        size |= (digit & 0x7F) << (7 * position)
        if not digit & 0x80:
            return size, position + 2
    return None


def whole_packet_size(received: bytes) -> int | None:
    """How many of the bytes are the first packet; None while it is not whole."""
    length = _length(received)
    if length is None or len(received) < sum(length):
        return None
    return sum(length)


def body_of(packet: bytes) -> bytes:
    """What follows the head of a whole packet."""
    length = _length(packet)
    assert length is not None
    return packet[length[1] :]


def encode_text(text: str) -> bytes:
    """A string as MQTT writes it."""
    return struct.pack("!H", len(text.encode())) + text.encode()


def level(body: bytes) -> int:
    """The version in this CONNECT: 4 is MQTT 3.1.1, 5 is MQTT 5."""
    return body[2 + int.from_bytes(body[:2], "big")]


def client_id(body: bytes) -> str:
    """Who sent this CONNECT."""
    (size,) = struct.unpack_from("!H", body)
    # The protocol's name is followed by its level, the flags and the keep-alive.
    rest = after_properties(body[2 + size + 4 :], level(body))
    (size,) = struct.unpack_from("!H", rest)
    return rest[2 : 2 + size].decode()


def after_properties(rest: bytes, level: int) -> bytes:
    """What follows the properties, which MQTT 5 alone has."""
    if level < FIVE:
        return rest
    # Their length is written as that of a packet, which has one byte before it.
    length = _length(b"\0" + rest[:4])
    assert length is not None
    return rest[sum(length) - 1 :]


def published(flags: int, body: bytes, level: int = FOUR) -> PublishPacket:
    """The PUBLISH that these flags and this body make."""
    (size,) = struct.unpack_from("!H", body)
    topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
    qos = flags >> 1 & 3
    packet_id = struct.unpack_from("!H", rest)[0] if qos else 0
    payload = after_properties(rest[2:] if qos else rest, level)
    return PublishPacket(topic, payload, qos, bool(flags & 8), packet_id)


def filters(rest: bytes) -> Iterator[tuple[str, int]]:
    """The filters of a SUBSCRIBE, each with its QoS."""
    while rest:
        (size,) = struct.unpack_from("!H", rest)
        # The bits above are options of MQTT 5.
        yield rest[2 : 2 + size].decode(), rest[2 + size] & 3
        rest = rest[3 + size :]


def names(rest: bytes) -> Iterator[bytes]:
    """The filters of an UNSUBSCRIBE."""
    while rest:
        (size,) = struct.unpack_from("!H", rest)
        yield rest[2 : 2 + size]
        rest = rest[2 + size :]
