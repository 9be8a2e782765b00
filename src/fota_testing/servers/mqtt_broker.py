"""A scripted broker of MQTT 3.1.1 and 5 on a real TLS socket, which misbehaves as a test asks.

It is published for porters: `fota_testing.connection_contract` checks connections with it. It routes nothing: it
records what clients send, answers by the standard by default, and sends what a test tells it to send. It serves
one connection at a time. What is against a quota of AWS IoT is noted in `quotas.breaches`.
"""

import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator

from fota_testing.servers import mqtt_packets as packets
from fota_testing.servers.mqtt_quotas import Quotas

_LOOK_EVERY_S = 0.005

_NOT_AUTHORIZED = 0x87
_REASONS = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: _NOT_AUTHORIZED}
"""The codes of CONNACK in MQTT 3.1.1, and the same in MQTT 5."""


class Broker:
    """Listens from construction until `close`. All lists are in order of arrival, over all connections."""

    def __init__(self, context: ssl.SSLContext, port: int = 0) -> None:
        self.quotas: Quotas = Quotas()
        self.withheld: set[int] = set()
        """Kinds of answers that are not sent."""
        self.hangs_up_on: set[int] = set()
        """Kinds of packets that end the connection instead of being answered."""
        self.forbidden_topics: set[str] = set()
        """A message on one of these topics ends the connection, as at AWS IoT."""
        self.forbidden_filters: set[str] = set()
        """A SUBSCRIBE for one of these ends the connection, as at AWS IoT."""
        self.discarded_topics: set[str] = set()
        """A message on one of these topics is not acknowledged, as at AWS IoT if it comes too fast."""
        self.refused_topics: set[str] = set()
        """A message on one of these topics is refused in its acknowledgement, as only MQTT 5 can."""
        self.connack_codes: deque[int] = deque()
        """The codes of the next CONNACKs, used one by one; 0 when the list is empty."""
        self.answers_late_by_s: float = 0.0
        """How long an acknowledgement of a message takes."""
        self.answered_before_farewell: int = 0
        """How many messages were acknowledged when a client last said DISCONNECT."""
        self._answered = 0
        self._number = 6
        self._no_properties = b""
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
        self.numbers: list[tuple[int, int]] = []
        """Kind and packet identifier of each SUBSCRIBE and UNSUBSCRIBE."""
        self.published: list[packets.PublishPacket] = []
        self.acknowledged: list[int] = []
        """The packet identifiers that clients acknowledged."""
        self.pings: int = 0
        self.farewells: int = 0
        """How many clients said DISCONNECT."""
        self._context = context
        self._outgoing: deque[bytes] = deque()
        self._due: deque[tuple[float, int]] = deque()
        """When to acknowledge which packet."""
        self._is_kicking, self._is_deaf, self._is_closing = threading.Event(), threading.Event(), threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="broker", daemon=True)
        self._thread.start()

    def send(self, topic: str, payload: bytes, *, qos: int = 1) -> None:
        """Send a message to the client that is connected."""
        number = b""
        if qos:
            # Another one for each, since a client of MQTT 5 answers a number once while it is on its way.
            self._number = self._number % 0xFFFF + 1
            number = struct.pack("!H", self._number)
        body = packets.encode_text(topic) + number + self._no_properties + payload
        self.send_raw(packets.encode(packets.PUBLISH, body, flags=qos << 1))

    def send_raw(self, octets: bytes) -> None:
        """Send any bytes to the client that is connected."""
        self._outgoing.append(octets)

    def kick(self) -> None:
        """Hang up on the client that is connected, without a word."""
        self._is_kicking.set()

    def stop_reading(self) -> None:
        """Read nothing more from the client that is connected, without hanging up."""
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
                    if kind == packets.CONNECT:
                        self.quotas.connect(body)
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
            while (size := packets.whole_packet_size(received)) is not None:
                packet, received = received[:size], received[size:]
                yield packet[0] >> 4, packet[0] & 15, packets.body_of(packet)

    def _answer(self, client: ssl.SSLSocket, kind: int, flags: int, body: bytes) -> bool:
        """Record a packet and answer it; returns whether the connection goes on."""
        if kind == packets.CONNECT:
            self.connects.append(body)
            self._no_properties = b"\0" if packets.level(body) == packets.FIVE else b""
            if self.silent_after is not None and len(self.connects) > self.silent_after:
                return True
            code = self.connack_codes.popleft() if self.connack_codes else 0
            told = _REASONS.get(code, code) if self._no_properties else code
            self._reply(client, packets.CONNACK, bytes([0, told]) + self._no_properties)
            return code == 0
        if kind in (packets.SUBSCRIBE, packets.UNSUBSCRIBE):
            self.numbers.append((kind, int.from_bytes(body[:2], "big")))
        if kind == packets.PUBLISH:
            return self._take(client, packets.published(flags, body, self._level()))
        if kind == packets.SUBSCRIBE:
            return self._grant(client, body)
        if kind == packets.UNSUBSCRIBE:
            left = list(packets.names(packets.after_properties(body[2:], self._level())))
            self.unsubscribes += left
            # MQTT 5 has a code for each.
            self._reply(client, packets.UNSUBACK, body[:2] + self._no_properties * (1 + len(left)))
        elif kind == packets.PUBACK:
            self.acknowledged.append(struct.unpack_from("!H", body)[0])
        elif kind == packets.PINGREQ:
            self.pings += 1
            self._reply(client, packets.PINGRESP, b"")
        elif kind == packets.DISCONNECT:
            self.farewells += 1
            self.answered_before_farewell = self._answered
            return False
        return True

    def _grant(self, client: ssl.SSLSocket, body: bytes) -> bool:
        """Record what is subscribed to, and answer; returns whether the connection goes on."""
        filters = list(packets.filters(packets.after_properties(body[2:], self._level())))
        self.subscribes.append(filters)
        if not self.quotas.subscribe(len(filters)) or self.forbidden_filters.intersection(
            name for name, _ in filters
        ):
            return False
        codes = bytes(0x80 if name in self.refused_filters else qos for name, qos in filters)
        self._reply(client, packets.SUBACK, body[:2] + self._no_properties + codes)
        return True

    def _take(self, client: ssl.SSLSocket, message: packets.PublishPacket) -> bool:
        """Record a message; returns whether the connection goes on."""
        self.published.append(message)
        if not self.quotas.publish():
            return True
        if message.topic in self.forbidden_topics:
            return False
        if message.topic in self.refused_topics:
            self._reply(client, packets.PUBACK, struct.pack("!HB", message.packet_id, _NOT_AUTHORIZED))
            return True
        if message.qos and message.topic not in self.discarded_topics:
            self._acknowledge_in_time(client, message.packet_id)
        return True

    def _acknowledge_in_time(self, client: ssl.SSLSocket, packet_id: int) -> None:
        # If a client does not wait before its DISCONNECT, that packet is read before the time is up.
        self._due.append((time.monotonic() + self.answers_late_by_s, packet_id))
        self._acknowledge_due(client)

    def _acknowledge_due(self, client: ssl.SSLSocket) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, packet_id = self._due.popleft()
            self._reply(client, packets.PUBACK, struct.pack("!H", packet_id))
            self._answered += 1

    def _level(self) -> int:
        return packets.FIVE if self._no_properties else packets.FOUR

    def _reply(self, client: ssl.SSLSocket, kind: int, body: bytes) -> None:
        if kind not in self.withheld:
            client.sendall(packets.encode(kind, body))
