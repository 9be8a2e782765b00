"""MQTT 3.1.1 as bytes: builds packets to send, and parses those that a broker sends.

This file knows no socket and no session.

MQTT: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html (chapters 2 and 3)
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Wanted(Protocol):
        """A filter to subscribe to."""

        topic_filter: str
        qos: int


PINGREQ = b"\xc0\0"
DISCONNECT = b"\xe0\0"

MAX_PACKET_BYTES = 131_072 + 512
"""AWS IoT's 128 KiB of payload, and room for the topic before it."""

# The codes of CONNACK from 1 on; only the third refusal passes by itself.
_REFUSALS = ("Unsupported protocol version", "Bad client ID", "Server unavailable", "Bad user name", "Not authorized")
_UNAVAILABLE = 3


def connect(client_id: str, keepalive_s: int) -> bytearray:
    """A CONNECT with a clean session."""
    return _packet(0x10, b"\0\x04MQTT\x04\x02" + keepalive_s.to_bytes(2, "big") + _text(client_id))


def publish(topic: str, payload: bytes, number: int) -> bytearray:
    """A message: of QoS 1, or of QoS 0 if it has no number."""
    head = _text(topic)
    return _packet(0x32, head + number.to_bytes(2, "big"), payload) if number else _packet(0x30, head, payload)


def subscribe(number: int, batch: "Sequence[Wanted]") -> bytearray:
    """A SUBSCRIBE for filters, each with the highest QoS that is wanted."""
    body = number.to_bytes(2, "big")
    for route in batch:
        body += _text(route.topic_filter) + bytes((route.qos,))
    return _packet(0x82, body)


def unsubscribe(number: int, topic_filter: str) -> bytearray:
    """An UNSUBSCRIBE for one filter."""
    return _packet(0xA2, number.to_bytes(2, "big") + _text(topic_filter))


def check_accepted(connack: memoryview) -> None:
    """*Raises* ValueError when the broker refused us for good, OSError when it may accept us later."""
    code = connack[1]
    if code:
        problem = _REFUSALS[code - 1] if code <= len(_REFUSALS) else code
        kind = OSError if code == _UNAVAILABLE else ValueError
        raise kind(f"the broker refused us: {problem}")


def message(first: int, body: memoryview) -> "tuple[bytes, memoryview, bytes]":
    """The topic and payload of a PUBLISH, whose first byte tells its QoS, and the acknowledgement that it wants."""
    stop = 2 + answered(body)
    if not first & 6:
        return bytes(body[2:stop]), body[stop:], b""
    return bytes(body[2:stop]), body[stop + 2 :], bytes((0x40, 2, body[stop], body[stop + 1]))


def answered(body: memoryview) -> int:
    """The number of the packet that a body answers: its first two bytes."""
    return body[0] << 8 | body[1]


def _text(text: str) -> bytes:
    octets = text.encode()
    return len(octets).to_bytes(2, "big") + octets


def _packet(first: int, head: bytes, rest: bytes = b"") -> bytearray:
    """The packet in one buffer, so that one write can send it."""
    packet = bytearray((first,))
    size = len(head) + len(rest)
    while size > 0x7F:
        packet.append(size & 0x7F | 0x80)
        size >>= 7
    packet.append(size)
    packet.extend(head)
    packet.extend(rest)
    return packet
