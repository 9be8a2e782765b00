"""A scripted MQTT 3.1.1 broker on a real TLS socket, which misbehaves as told.

It routes nothing: it records what clients send, answers by the book unless told not to, and sends what a test
tells it to. One connection at a time is the rule; a new one takes the place of the one before.
"""

import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14

_LOOK_EVERY_S = 0.005


class Published(NamedTuple):
    """A PUBLISH as it came."""

    topic: str
    payload: bytes
    qos: int
    is_repeated: bool
    packet_id: int


class Broker:
    """Listens from construction until `close`. All lists are in order of arrival, over all connections."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.withheld: set[int] = set()
        """Kinds of answers that are not sent."""
        self.hangs_up_on: set[int] = set()
        """Kinds of packets that end the connection instead of being answered."""
        self.forbidden_topics: set[str] = set()
        """A message on one of these ends the connection, as AWS IoT does it."""
        self.connack_codes: deque[int] = deque()
        """Taken one by one, as the codes of the next CONNACKs; 0 when there is none left."""
        self.answers_late_by_s = 0.0
        """How long an acknowledgement of a message takes."""
        self.answered_before_farewell = 0
        """How many messages were acknowledged when a client last said DISCONNECT."""
        self._answered = 0
        self.silent_after: int | None = None
        """After this many CONNECTs no more are answered."""
        self.refused_filters: set[str] = set()
        self.tls_failures: list[str] = []
        self.peers: list[dict[str, object]] = []
        """The certificate of each client."""
        self.connects: list[bytes] = []
        """The body of each CONNECT."""
        self.subscribes: list[list[tuple[str, int]]] = []
        self.unsubscribes: list[bytes] = []
        self.published: list[Published] = []
        self.acknowledged: list[int] = []
        """The packet identifiers that clients acknowledged."""
        self.pings = 0
        self.farewells = 0
        """How many clients said DISCONNECT."""
        self._context = context
        self._outgoing: deque[bytes] = deque()
        self._due: deque[tuple[float, int]] = deque()
        """When to acknowledge which packet."""
        self._is_kicking = threading.Event()
        self._is_deaf = threading.Event()
        self._is_closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="broker", daemon=True)
        self._thread.start()

    def send(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        """Send a message to whoever is connected."""
        body = _text(topic) + (struct.pack("!H", 7) if qos else b"") + payload
        self.send_raw(_packet(PUBLISH, body, flags=qos << 1))

    def send_raw(self, octets: bytes) -> None:
        """Send any bytes to whoever is connected."""
        self._outgoing.append(octets)

    def kick(self) -> None:
        """Hang up on whoever is connected, without a word."""
        self._is_kicking.set()

    def stop_reading(self) -> None:
        """Read nothing more from whoever is connected, without hanging up."""
        self._is_deaf.set()

    def close(self) -> None:
        """Hang up and listen no more."""
        self._is_closing.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        self._listener.settimeout(_LOOK_EVERY_S)
        while not self._is_closing.is_set():
            try:
                plain, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._is_kicking.clear()
            self._is_deaf.clear()
            self._outgoing.clear()
            self._due.clear()
            self._welcome(plain)

    def _welcome(self, plain: socket.socket) -> None:
        plain.settimeout(5)
        try:
            client = self._context.wrap_socket(plain, server_side=True)
        except OSError as error:
            self.tls_failures.append(str(error))
            plain.close()
            return
        self.peers.append(dict(client.getpeercert() or {}))
        with client:
            client.settimeout(_LOOK_EVERY_S)
            try:
                for kind, flags, body in self._packets(client):
                    if kind in self.hangs_up_on or not self._answer(client, kind, flags, body):
                        return
            except OSError:
                return

    def _packets(self, client: ssl.SSLSocket) -> Iterator[tuple[int, int, bytes]]:
        received = b""
        while not (self._is_kicking.is_set() or self._is_closing.is_set()):
            while self._outgoing:
                client.sendall(self._outgoing.popleft())
            self._acknowledge_due(client)
            if self._is_deaf.is_set():
                self._is_closing.wait(_LOOK_EVERY_S)
                continue
            try:
                octets = client.recv(65_536)
            except TimeoutError:
                continue
            if not octets:
                return
            received += octets
            while (size := _whole_packet_size(received)) is not None:
                packet, received = received[:size], received[size:]
                yield packet[0] >> 4, packet[0] & 15, _body(packet)

    def _answer(self, client: ssl.SSLSocket, kind: int, flags: int, body: bytes) -> bool:
        """Record a packet and answer it; returns whether the connection goes on."""
        if kind == CONNECT:
            self.connects.append(body)
            if self.silent_after is not None and len(self.connects) > self.silent_after:
                return True
            code = self.connack_codes.popleft() if self.connack_codes else 0
            self._reply(client, CONNACK, bytes([0, code]))
            return code == 0
        if kind == PUBLISH:
            return self._take(client, _published(flags, body))
        if kind == SUBSCRIBE:
            filters = list(_filters(body[2:]))
            self.subscribes.append(filters)
            codes = bytes(0x80 if name in self.refused_filters else qos for name, qos in filters)
            self._reply(client, SUBACK, body[:2] + codes)
        elif kind == UNSUBSCRIBE:
            self.unsubscribes.append(body[4:])
            self._reply(client, UNSUBACK, body[:2])
        elif kind == PUBACK:
            self.acknowledged.append(struct.unpack("!H", body)[0])
        elif kind == PINGREQ:
            self.pings += 1
            self._reply(client, PINGRESP, b"")
        elif kind == DISCONNECT:
            self.farewells += 1
            self.answered_before_farewell = self._answered
            return False
        return True

    def _take(self, client: ssl.SSLSocket, message: Published) -> bool:
        """Record a message; returns whether the connection goes on."""
        self.published.append(message)
        if message.topic in self.forbidden_topics:
            return False
        if message.qos:
            self._acknowledge_in_time(client, message.packet_id)
        return True

    def _acknowledge_in_time(self, client: ssl.SSLSocket, packet_id: int) -> None:
        # A DISCONNECT that does not wait for us is read before the time is up.
        self._due.append((time.monotonic() + self.answers_late_by_s, packet_id))
        self._acknowledge_due(client)

    def _acknowledge_due(self, client: ssl.SSLSocket) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, packet_id = self._due.popleft()
            self._reply(client, PUBACK, struct.pack("!H", packet_id))
            self._answered += 1

    def _reply(self, client: ssl.SSLSocket, kind: int, body: bytes) -> None:
        if kind not in self.withheld:
            client.sendall(_packet(kind, body))


def _packet(kind: int, body: bytes, *, flags: int = 0) -> bytes:
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


def _whole_packet_size(received: bytes) -> int | None:
    length = _length(received)
    if length is None or len(received) < sum(length):
        return None
    return sum(length)


def _body(packet: bytes) -> bytes:
    length = _length(packet)
    assert length is not None
    return packet[length[1] :]


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text.encode())) + text.encode()


def _published(flags: int, body: bytes) -> Published:
    (size,) = struct.unpack_from("!H", body)
    topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
    qos = flags >> 1 & 3
    packet_id = struct.unpack_from("!H", rest)[0] if qos else 0
    return Published(topic, rest[2:] if qos else rest, qos, bool(flags & 8), packet_id)


def _filters(rest: bytes) -> Iterator[tuple[str, int]]:
    while rest:
        (size,) = struct.unpack_from("!H", rest)
        yield rest[2 : 2 + size].decode(), rest[2 + size]
        rest = rest[3 + size :]
