"""The broker and the jobs service of AWS IoT, in a virtual network, with AWS's quotas.

`fota_testing.jobs` has the rules of executions. What a device does against a quota is kept in `breaches`.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

from fota_testing.jobs import requests as jobs_requests
from fota_testing.jobs.faults import Fault, garbage, late, rejected
from fota_testing.jobs.memory_connection import matches
from fota_testing.jobs.named_shadow import SHADOW
from fota_testing.jobs.service import JobsService
from fota_testing.servers import mqtt_packets as packets
from sweeps.faults.network import ONE_WAY_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeps.faults.network import Wire
    from sweeps.faults.world import World

MAX_FILTERS = 8
MAX_PUBLISHES_A_SECOND = 100
STATE = "state"
"""What is seen when the device tells what it runs."""
CONNECTS_APART_MS = 1_000
"""AWS IoT takes one CONNECT a second of a client ID."""

_ANSWERS = {
    "throttled": rejected("RequestThrottled"),
    "service-error": rejected("InternalError"),
    "answers-late": late(11_000),
    "answers-twice": Fault(copies=2),
    "answers-lost": Fault(copies=0),
    "requests-lost": Fault(acts=False, copies=0),
    "answers-garbage": garbage(),
    "answers-foreign": Fault(token="0123456789abcdef"),  # noqa: S106 - a token of MQTT
}

_SHADOW_ANSWERS = {
    "shadow-refused": rejected("403"),
    "shadow-unheard": Fault(acts=False, copies=0),
    "shadow-answer-lost": Fault(copies=0),
    "shadow-garbage": garbage(),
}
"""The same for the named shadow alone; its service has numbers for codes."""
_SHADOW_TOPIC = "/shadow/name/fota/update"


class Session:
    """One client that is connected."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.received = b""
        self.is_accepted = False
        self.filters: list[str] = []
        self.second = (0, 0)
        """The second of the last PUBLISH, and how many came in it."""
        self.repeats: set[int] = set()


class Broker(JobsService):
    """See `network.Server`; the jobs of the thing `lamp`."""

    def __init__(self, world: World, active: set[str], saw: Callable[[str, str, str], None]) -> None:
        super().__init__(world, "lamp")  # type: ignore[arg-type]  # a clock is what it needs
        self._world = world
        self._active = active
        self._saw = saw
        """Called with what the device asks for, before it is carried out: kind, job and status."""
        self._session: Session | None = None
        self._sessions: dict[Wire, Session] = {}
        self._connected_ms = -10_000
        self.breaches: list[str] = []
        self.told_of_fall_back: list[str] = []
        """What the shadow says about it."""
        self.told_state: dict[str, object] = {}
        """What the last message to the named shadow reported, whether or not it was taken."""
        self.samples = 0
        """How many messages of the program came."""
        self.refusals = 0
        self._packet = 0

    # What `network.Server` asks for.

    def opened(self, wire: Wire) -> None:
        """A client, which has said nothing yet."""
        self._sessions[wire] = Session(wire)

    def closed(self, wire: Wire) -> None:
        """It is gone."""
        session = self._sessions.pop(wire, None)
        if session is self._session:
            self._session = None

    def received(self, wire: Wire, octets: bytes) -> None:
        """Take packets apart."""
        session = self._sessions.get(wire)
        if session is None:
            return
        session.received += octets
        while wire in self._sessions and (size := packets.whole_packet_size(session.received)) is not None:
            packet, session.received = session.received[:size], session.received[size:]
            self._take(session, packet[0] >> 4, packet[0] & 15, packets.body_of(packet))

    # What `JobsService` asks for.

    def listens_to(self, topic: str) -> bool:
        """True: a broker does not ask, and a fault may have refused the subscription."""
        return bool(topic)

    def deliver(self, topic: str, payload: bytes, delay_ms: int = 0) -> None:
        """Send a message, if somebody listens then."""
        self._world.at(delay_ms, lambda: self._pass_on(topic, payload))

    def _pass_on(self, topic: str, payload: bytes) -> None:
        session = self._session
        if session is None or not any(matches(name, topic) for name in session.filters):
            return
        if "notifications-lost" in self._active and "/notify" in topic:
            return
        self._packet = self._packet % 60_000 + 1
        body = packets.encode_text(topic) + struct.pack("!H", self._packet) + payload
        for _ in range(2 if "messages-twice" in self._active else 1):
            self._reply(session, packets.PUBLISH, body, flags=2)

    def _fault_of(self, request: jobs_requests.Request) -> Fault:
        answers = _ANSWERS | _SHADOW_ANSWERS if request.kind == SHADOW else _ANSWERS
        for name, fault in answers.items():
            if name in self._active:
                return fault
        return super()._fault_of(request)

    # Packets.

    def kick(self) -> None:
        """Hang up on everybody."""
        for session in list(self._sessions.values()):
            self._hang_up(session)

    def kick_often(self) -> None:
        """Hang up every few seconds."""
        if "kicked-often" in self._active:
            self.kick()
            self._world.at(4_000, self.kick_often)

    def _reply(self, session: Session, kind: int, body: bytes, *, flags: int = 0) -> None:
        if "broker-silent" not in self._active:
            session.wire.deliver(packets.encode(kind, body, flags=flags))

    def _hang_up(self, session: Session) -> None:
        session.wire.deliver(b"")
        self.closed(session.wire)

    def _take(self, session: Session, kind: int, flags: int, body: bytes) -> None:
        if "broker-garbage" in self._active:
            session.wire.deliver(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            self._hang_up(session)
        elif kind == packets.CONNECT:
            self._greet(session)
        elif not session.is_accepted:
            self._hang_up(session)
        elif kind == packets.SUBSCRIBE:
            self._grant(session, body)
        elif kind == packets.UNSUBSCRIBE:
            self._reply(session, packets.UNSUBACK, body[:2])
        elif kind == packets.PUBLISH:
            self._hear(session, packets.published(flags, body))
        elif kind == packets.PINGREQ:
            self._reply(session, packets.PINGRESP, b"")
        elif kind == packets.DISCONNECT:
            self._hang_up(session)

    def _greet(self, session: Session) -> None:
        now_ms = self._world.now_ms()
        if now_ms - self._connected_ms < CONNECTS_APART_MS - 2 * ONE_WAY_MS:
            self.breaches.append(f"CONNECT {now_ms - self._connected_ms} ms after the one before")
        self._connected_ms = now_ms
        if self._active & {"hangs-up", "certificate-inactive"}:
            self._hang_up(session)
        elif "connack-silent" in self._active:
            return
        elif "server-unavailable" in self._active:
            self._reply(session, packets.CONNACK, b"\0\3")
            self._hang_up(session)
        elif "not-authorized" in self._active:
            self._reply(session, packets.CONNACK, b"\0\5")
            self._hang_up(session)
        else:
            former, self._session = self._session, session
            if former is not None and former is not session:
                self._hang_up(former)
            self._session = session
            session.is_accepted = True
            self._reply(session, packets.CONNACK, b"\0\0")

    def _grant(self, session: Session, body: bytes) -> None:
        asked = list(packets.filters(body[2:]))
        self._saw("subscribe", "", "")
        if len(asked) > MAX_FILTERS:
            self.breaches.append(f"{len(asked)} filters in a SUBSCRIBE")
            self._hang_up(session)
            return
        if "old-policy" in self._active and any(name.endswith("/notify") for name, _ in asked):
            self.refusals += 1
            self._hang_up(session)
            return
        if "shadow-forbidden" in self._active and any(_SHADOW_TOPIC in name for name, _ in asked):
            self._hang_up(session)
            return
        if "suback-silent" in self._active:
            return
        if "suback-refused" in self._active:
            self._reply(session, packets.SUBACK, body[:2] + b"\x80" * len(asked))
            return
        session.filters += [name for name, _ in asked]
        self._reply(session, packets.SUBACK, body[:2] + bytes(qos for _, qos in asked))

    def _hear(self, session: Session, message: packets.PublishPacket) -> None:
        second = self._world.now_ms() // 1000
        count = session.second[1] + 1 if session.second[0] == second else 1
        session.second = (second, count)
        if count > MAX_PUBLISHES_A_SECOND:
            self.breaches.append(f"{count} publishes in a second")
            return
        if self._active & {"pubacks-lost", "publishes-lost"} and message.qos:
            if "publishes-lost" in self._active:
                return
        elif message.qos:
            self._reply(session, packets.PUBACK, struct.pack("!H", message.packet_id))
        if not jobs_requests.is_for_jobs(message.topic):
            self.samples += 1
            if b"fell_back" in message.payload:
                self._saw("shadow", "", "")
                self.told_of_fall_back.append(message.payload.decode())
            if message.topic.endswith(_SHADOW_TOPIC):
                self._hear_state(session, message)
            return
        if self._knows(message):
            # At least once: the service has met it.
            return
        request = jobs_requests.read(self.thing_name, message.topic, message.payload)
        self._saw(request.kind, request.job_id, str(request.body.get("status", "")))
        if self._session is session:
            self._arrived(message.topic, message.payload)

    def _hear_state(self, session: Session, message: packets.PublishPacket) -> None:
        """What the device says that it runs, in its named shadow."""
        self.told_state = json.loads(message.payload)["state"]["reported"]
        self._saw(STATE, "", "")
        if "shadow-forbidden" in self._active:
            self._hang_up(session)
        elif self._session is session:
            self._arrived(message.topic, message.payload)

    def _knows(self, message: packets.PublishPacket) -> bool:
        return json.loads(message.payload).get("clientToken") in self._tokens
