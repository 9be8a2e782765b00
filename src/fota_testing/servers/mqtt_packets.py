"""This file reads and writes MQTT 3.1.1 packets as a broker does, for `fota_testing.servers.mqtt_broker`.

It knows no socket. MQTT: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html (chapters 2 and 3)
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
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


def client_id(body: bytes) -> str:
    """Who sent this CONNECT."""
    (size,) = struct.unpack_from("!H", body)
    # The protocol's name is followed by its level, the flags and the keep-alive.
    start = 2 + size + 4
    (size,) = struct.unpack_from("!H", body, start)
    return body[start + 2 : start + 2 + size].decode()


def published(flags: int, body: bytes) -> PublishPacket:
    """The PUBLISH that these flags and this body make."""
    (size,) = struct.unpack_from("!H", body)
    topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
    qos = flags >> 1 & 3
    packet_id = struct.unpack_from("!H", rest)[0] if qos else 0
    return PublishPacket(topic, rest[2:] if qos else rest, qos, bool(flags & 8), packet_id)


def filters(rest: bytes) -> Iterator[tuple[str, int]]:
    """The filters of a SUBSCRIBE, each with its QoS."""
    while rest:
        (size,) = struct.unpack_from("!H", rest)
        yield rest[2 : 2 + size].decode(), rest[2 + size]
        rest = rest[3 + size :]
