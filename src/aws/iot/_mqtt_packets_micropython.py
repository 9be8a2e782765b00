"""MQTT 3.1.1 as bytes: packets to send, and packets out of what a broker sends.

Knows no socket and no session: the reader is handed a function that fills a buffer.

MQTT: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html (chapters 2 and 3)
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CONNACK, PUBLISH, PUBACK, SUBACK, UNSUBACK, PINGRESP = 2, 3, 4, 9, 11, 13

PINGREQ = b"\xc0\0"
DISCONNECT = b"\xe0\0"

MOST_PACKET_BYTES = 131_072 + 512
"""AWS IoT's 128 KiB of payload, and room for the topic before it."""

BUFFER_BYTES = 1_024

_REPEATED = 0x08

# The codes of CONNACK from 1 on; only the third passes by itself.
_REFUSALS = ("Unsupported protocol version", "Bad client ID", "Server unavailable", "Bad user name", "Not authorized")
_UNAVAILABLE = 3


def connect(client_id: str, keepalive_s: int) -> bytearray:
    """Ask to be accepted, with a clean session."""
    return _packet(0x10, b"\0\x04MQTT\x04\x02" + _number(keepalive_s) + _text(client_id))


def publish(topic: str, payload: bytes, number: int) -> bytearray:
    """A message: of QoS 1, or of QoS 0 if it has no number."""
    head = _text(topic)
    return _packet(0x32, head + _number(number), payload) if number else _packet(0x30, head, payload)


def mark_repeated(message: bytearray) -> None:
    """It is sent again."""
    message[0] |= _REPEATED


def acknowledge(number: int) -> bytearray:
    """The message of that number was handed out."""
    return _packet(0x40, _number(number))


def subscribe(number: int, filters: "list[tuple[str, int]]") -> bytearray:
    """Ask for what matches each filter, with at most its QoS."""
    return _packet(0x82, _number(number), b"".join([_text(name) + bytes([qos]) for name, qos in filters]))


def unsubscribe(number: int, topic_filter: str) -> bytearray:
    """Ask for it no longer."""
    return _packet(0xA2, _number(number) + _text(topic_filter))


def matches(topic_filter: str, topic: str) -> bool:
    """Whether the filter lets a message on `topic` through; MQTT 3.1.1, section 4.7."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[0] in ("#", "+") and topic[:1] == "$":
        return False
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(wanted[n] in ("+", levels[n]) for n in range(len(wanted)))


def check_accepted(connack: memoryview) -> None:
    """*Raises* ValueError when the broker refused us for good, OSError when for now."""
    code = connack[1]
    if code:
        problem = _REFUSALS[code - 1] if code <= len(_REFUSALS) else code
        kind = OSError if code == _UNAVAILABLE else ValueError
        raise kind(f"the broker refused us: {problem}")


def message(first: int, body: memoryview) -> "tuple[bytes, memoryview, int]":
    """The topic, payload and number of a PUBLISH, whose first byte tells its QoS; the number is 0 at QoS 0."""
    stop = 2 + answered(body)
    if not first & 6:
        return bytes(body[2:stop]), body[stop:], 0
    return bytes(body[2:stop]), body[stop + 2 :], answered(body[stop:])


def answered(body: memoryview) -> int:
    """The number of the packet that a body answers: its first two bytes."""
    return body[0] << 8 | body[1]


def _number(number: int) -> bytes:
    return bytes((number >> 8, number & 0xFF))


def _text(text: str) -> bytes:
    octets = text.encode()
    return _number(len(octets)) + octets


def _packet(first: int, head: bytes, rest: bytes = b"") -> bytearray:
    """One buffer, so that it can go in one write."""
    packet = bytearray((first,))
    size = len(head) + len(rest)
    while size > 0x7F:
        packet.append(size & 0x7F | 0x80)
        size >>= 7
    packet.append(size)
    packet.extend(head)
    packet.extend(rest)
    return packet


class Reader:
    """Whole packets out of a stream. One small buffer serves them all; a longer packet gets one of its own."""

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = memoryview(buffer)
        self._first = 0
        self._size = 0
        # How many digits of the size have come; -1 before the first byte.
        self._digits = -1
        self._body: "memoryview | None" = None
        self._missing = self._buffer

    def next(self, fill: "Callable[[memoryview], int | None]") -> "tuple[int, memoryview] | None":
        """The first byte of the next packet and its body, which is good until the next call.

        None while the packet is not whole and `fill` has nothing more. *Raises* OSError for one that is not MQTT or
        too long, MemoryError.
        """
        octet = self._buffer[:1]
        while self._body is None:
            if not fill(octet):
                return None
            self._body = self._head(octet[0])
        while len(self._missing):
            count = fill(self._missing)
            if count is None:
                return None
            self._missing = self._missing[count:]
        # Nothing here holds on to the buffer of a long packet.
        body, self._body, self._missing = self._body, None, octet
        return self._first, body

    def _head(self, octet: int) -> "memoryview | None":
        """Take a byte of the head; returns room for the body once the head is whole."""
        if self._digits < 0:
            self._first = octet
            self._size = self._digits = 0
            return None
        self._size |= (octet & 0x7F) << 7 * self._digits
        self._digits += 1
        if octet > 0x7F:
            if self._digits == 4:
                raise OSError("the broker sent what is not MQTT")
            return None
        if self._size > MOST_PACKET_BYTES:
            raise OSError(f"the broker sent a packet of {self._size} bytes, more than {MOST_PACKET_BYTES}")
        self._digits = -1
        room = self._buffer if self._size <= len(self._buffer) else memoryview(bytearray(self._size))
        self._missing = room[: self._size]
        return self._missing
