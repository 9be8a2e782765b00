"""One device's connection to a broker, in memory and on virtual time.

It is published for porters and for users who test their own programs. It meets `aws.iot.mqtt.Connection`, and is
stricter than a broker: a call that a broker would ignore, or answer by hanging up, is Misuse here. A published
message goes nowhere unless a subclass answers it, as `fota_testing.jobs.service` does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws.iot.errors import ConnectFailed, NotConnected
from fota_testing.misuse import Misuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.clock import FakeClock

MAX_QUEUED = 100
MAX_SENT = 5
"""On how many connections a message of QoS 1 is sent that nobody acknowledges."""
MAX_PAYLOAD_BYTES = 131_072
"""AWS IoT Core: https://docs.aws.amazon.com/general/latest/gr/iot-core.html (MQTT limits)"""


class MemoryConnection:
    """A connection whose other end is this object. A test can lose it, mend it and refuse it."""

    def __init__(self, clock: FakeClock) -> None:
        self.sessions: int = 0
        self.reachable = True
        """While False, connecting fails and a lost connection is not mended."""
        self.published: list[tuple[str, bytes]] = []
        """All messages of the device that reached the broker."""
        self.refused_filters: set[str] = set()
        """A subscription to one of these is refused, with a SUBACK that says so."""
        self.forbidden_filters: set[str] = set()
        """The broker hangs up on a subscription to one of these, as AWS IoT does when the policy forbids it."""
        self.forbidden_topics: set[str] = set()
        """The broker hangs up on a message to one of these; one of QoS 1 is sent on five connections."""
        self.hang_ups: int = 0
        """How often the broker hung up."""
        self._clock = clock
        self._up = False
        self._mends = False
        self._mend_at_ms: int | None = None
        self._subscriptions: dict[str, Callable[[str, bytes], None]] = {}
        self._queued: list[tuple[str, bytes, int]] = []
        """Topic, payload, and how often it may still be sent."""
        self._in_flight: list[tuple[int, str, bytes]] = []
        self._calling = False
        self._has_news = False

    # The calls that a test makes.

    def drop(self, for_ms: int | None = None) -> None:
        """Lose the connection, with every message on its way; it is mended after `for_ms`, or by `mend`."""
        self._up, self._in_flight = False, []
        self._mend_at_ms = None if for_ms is None else self._clock.now_ms() + for_ms

    def mend(self) -> None:
        """Mend the lost connection: a new session with the same subscriptions; queued messages are sent."""
        self._mend_at_ms = None
        if self._mends and not self._up:
            self._open()

    def power_off(self) -> None:
        """Reset the device: it loses all that its side of the connection knew."""
        self.sessions = 0
        self._up = self._mends = False
        self._mend_at_ms = None
        self._subscriptions, self._queued, self._in_flight = {}, [], []

    def deliver(self, topic: str, payload: bytes, delay_ms: int = 0) -> None:
        """Send a message from the broker to the device; it is lost if the device is away.

        Without a delay it arrives immediately.
        """
        if self._up:
            self._in_flight.append((self._clock.now_ms() + delay_ms, topic, payload))
            self._hand_out()

    @property
    def filters(self) -> list[str]:
        """The topic filters subscribed to, in the order of their subscription."""
        return list(self._subscriptions)

    def listens_to(self, topic: str) -> bool:
        """Whether a subscription matches the topic."""
        return any(matches(topic_filter, topic) for topic_filter in self._subscriptions)

    def _arrived(self, topic: str, payload: bytes) -> None:
        """Called for each message that the broker gets from the device: a subclass may answer it."""

    # The calls of `aws.iot.mqtt.Connection`, for the device.

    def connect(self, port: int | None = None, *, timeout_ms: int = 30_000) -> None:
        """Connect; *raises* ConnectFailed after `timeout_ms` while unreachable."""
        if port is not None and not 0 < port < 65_536:
            raise Misuse(f"connect: expected a port, got {port!r}")
        self._let_time_mend()
        if self._up:
            return
        if not self.reachable:
            self._clock.advance_ms(timeout_ms)
            raise ConnectFailed(f"not reached within {timeout_ms} ms")
        self._open()

    def loop(self) -> None:
        """Do nothing: messages arrive in `wait`, and whenever something is published."""

    def is_connected(self) -> bool:
        """Whether the connection is up."""
        self._let_time_mend()
        return self._up

    def publish(self, topic: str, payload: bytes | str | dict[str, object], qos: int = 1) -> None:
        """Send, or queue while a lost connection is being mended; *raises* NotConnected otherwise."""
        self._let_time_mend()
        content = _encoded(payload)
        _check_publish(topic, content, qos)
        if self._up:
            self._send(topic, content, MAX_SENT if qos else 1)
        elif not self._mends:
            raise NotConnected("never connected, or disconnected")
        elif len(self._queued) >= MAX_QUEUED:
            raise NotConnected(f"{MAX_QUEUED} messages are queued already")
        else:
            self._queued.append((topic, content, MAX_SENT if qos else 1))

    def subscribe(self, topic_filter: str, callback: Callable[[str, bytes], None], qos: int = 1) -> None:
        """Call back for each message that matches; *raises* NotConnected when refused."""
        if self._calling:
            raise Misuse("subscribe: a callback must not, since nobody is there to hear the answer")
        _check_filter(topic_filter)
        if qos not in {0, 1}:
            raise Misuse(f"subscribe: AWS IoT grants QoS 0 and 1, got {qos!r}")
        if topic_filter in self.refused_filters:
            self._subscriptions.pop(topic_filter, None)
            raise NotConnected(f"{topic_filter}: the broker refused the subscription")
        if topic_filter in self.forbidden_filters:
            self._subscriptions.pop(topic_filter, None)
            self.hang_ups += 1
            self.drop(for_ms=1_000)
            raise NotConnected(f"{topic_filter}: the broker hung up")
        self._subscriptions[topic_filter] = callback

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription; *raises* Misuse for one that is not there."""
        if self._subscriptions.pop(topic_filter, None) is None:
            raise Misuse(f"unsubscribe: {topic_filter} is not subscribed to")

    def wait(self, timeout_ms: int) -> None:
        """Let virtual time pass until a message was handed out since the last `wait`, or for `timeout_ms`."""
        if type(timeout_ms) is not int or timeout_ms < 0:
            raise Misuse(f"wait: expected a number of milliseconds from 0, got {timeout_ms!r}")
        deadline_ms = self._clock.now_ms() + timeout_ms
        while True:
            self._hand_out()
            now_ms = self._clock.now_ms()
            if self._has_news or now_ms >= deadline_ms:
                self._has_news = False
                return
            coming_ms = [due_ms for due_ms, _, _ in self._in_flight]
            if self._mend_at_ms is not None:
                coming_ms.append(self._mend_at_ms)
            self._clock.advance_ms(max(0, min([deadline_ms, *coming_ms]) - now_ms))
            self._let_time_mend()

    def disconnect(self) -> None:
        """End the session; subscriptions, and what waits to be sent, are remembered."""
        self.drop()
        self._mends = False

    def close(self) -> None:
        """End the session and forget every subscription and what waits to be sent."""
        self.disconnect()
        self._subscriptions, self._queued = {}, []

    def _open(self) -> None:
        self._up = self._mends = True
        self._mend_at_ms = None
        self.sessions += 1
        while self._up and self._queued:
            self._send(*self._queued.pop(0))

    def _send(self, topic: str, content: bytes, times: int) -> None:
        if topic in self.forbidden_topics:
            if times > 1:
                self._queued.insert(0, (topic, content, times - 1))
            self.hang_ups += 1
            self.drop(for_ms=1_000)
            return
        self.published.append((topic, content))
        self._arrived(topic, content)

    def _let_time_mend(self) -> None:
        if self._mend_at_ms is not None and self._clock.now_ms() >= self._mend_at_ms and self.reachable:
            self.mend()

    def _hand_out(self) -> None:
        """Give every message that is due to the callbacks."""
        now_ms = self._clock.now_ms()
        due = sorted((message for message in self._in_flight if message[0] <= now_ms), key=lambda message: message[0])
        self._in_flight = [message for message in self._in_flight if message[0] > now_ms]
        for _, topic, content in due:
            for topic_filter, callback in list(self._subscriptions.items()):
                if self._up and matches(topic_filter, topic):
                    self._call(callback, topic, content)

    def _call(self, callback: Callable[[str, bytes], None], topic: str, content: bytes) -> None:
        self._has_news = self._calling = True
        try:
            callback(topic, content)
        finally:
            self._calling = False


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter matches a topic (MQTT 3.1.1, section 4.7)."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"#", "+"}:
        return False
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(w in {"+", level} for w, level in zip(wanted, levels, strict=True))


def _encoded(payload: bytes | str | dict[str, object]) -> bytes:
    if isinstance(payload, dict):
        return json.dumps(payload, separators=(",", ":")).encode()
    return payload.encode() if isinstance(payload, str) else payload


def _check_publish(topic: str, content: bytes, qos: int) -> None:
    if not topic or "+" in topic or "#" in topic:
        raise Misuse(f"publish: a topic without wildcards is needed, got {topic!r}")
    if len(content) > MAX_PAYLOAD_BYTES:
        raise Misuse(f"publish: at most {MAX_PAYLOAD_BYTES} bytes, got {len(content)}")
    if qos not in {0, 1}:
        raise Misuse(f"publish: AWS IoT takes QoS 0 and 1, got {qos!r}")
    if qos == 0 and topic.startswith("$aws/things/") and "/jobs/" in topic:
        raise Misuse("publish: a request at QoS 0 may be lost on the way without anybody knowing")


def _check_filter(topic_filter: str) -> None:
    levels = topic_filter.split("/")
    if (
        not topic_filter
        or "#" in levels[:-1]
        or any(len(level) > 1 and ("+" in level or "#" in level) for level in levels)
    ):
        raise Misuse(f"subscribe: {topic_filter!r} is not a topic filter")
