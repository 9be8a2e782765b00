"""MicroPython's connection: MQTT 3.1.1 over mutual TLS, in one thread: that of the program.

Nothing happens between calls: `wait` and `loop` receive, send again, keep alive and mend. Call one of them at least
every KEEPALIVE_S, or the broker hangs up, which the next call mends. `loop` waits for nothing, `wait` for as long as
it is told; both take longer while a connection is made again, as `_mqtt_link_micropython` says.

Packets are `_mqtt_packets_micropython`, what waits is `_mqtt_outbox_micropython`.
"""

from aws.iot import _mqtt_packets_micropython as packets
from aws.iot._mqtt_link_micropython import ACCEPTED, ASKING, ESTABLISHED, LEAVING, Link, tls_context
from aws.iot._mqtt_outbox_micropython import Outbox
from aws.iot._mqtt_routes_micropython import Route, Routes, settle
from aws.iot.errors import BadTopic, ConnectFailed, NoAnswer, NotConnected
from aws.iot.mqtt import check_filter, check_topic, encode, split_endpoint
from fota import machine
from fota.backoff import Backoff
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.credentials import Credentials

DEFAULT_PORT = 8883
KEEPALIVE_S = 120
"""The broker hangs up after one and a half of it without a packet of ours; AWS IoT takes 30 to 1,200."""

GRANT_WITHIN_MS = 10_000
GOODBYE_WITHIN_MS = 2_000
"""For messages, their acknowledgements and the goodbye together; a broker that is slower is left."""

STABLE_MS = 60_000
"""A connection that lasted this long starts the back-off over; one merely accepted does not."""

_TURN_MS = 1_000
_MOST_PACKETS_PER_TURN = 16

# AWS IoT says no more than this to a device that it knows and does not want.
_HINT = ": is the certificate active, and does its policy allow this client ID?"


class SocketConnection:
    """One device's connection; see `mqtt.Connection` for what each method promises. For one thread.

    Inside a callback `wait`, `loop` and `connect` return or raise at once, and `disconnect` happens soon after it.
    """

    def __init__(
        self, endpoint: str, client_id: str, credentials: "Credentials", *, backoff: "Backoff | None" = None
    ) -> None:
        self.sessions = 0
        self._endpoint = endpoint
        self._host, self._port = split_endpoint(endpoint)
        self._client_id = client_id
        self._context = tls_context(credentials)
        self._backoff = backoff or Backoff(1_000, 128_000)
        self._buffer = bytearray(packets.BUFFER_BYTES)
        self._routes = Routes()
        self._outbox = Outbox()
        self._link: "Link | None" = None
        self._problem = ""
        self._tries = 0
        self._retry_ms = 0
        # Messages are taken; a lost connection is mended; a callback runs; it said `disconnect`.
        self._is_open = self._is_trying = self._is_calling = self._must_leave = False
        self._has_arrived = False

    def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
        """Connect, and return once the broker has accepted us. *Raises* ConnectFailed."""
        deadline_ms = machine.now_ms() + timeout_ms
        if not self._is_open:
            self._port = port or self._port or DEFAULT_PORT
            self._problem = "no answer yet"
            self._retry_ms = machine.now_ms()
            self._is_trying = True
        self._turn_until(deadline_ms, lambda: self.is_connected() or not self._is_trying)
        if self.is_connected():
            return
        limit = f"not connected within {timeout_ms} ms: " if self._is_trying else ""
        problem = self._problem
        if not self._is_open:
            self.disconnect()
        raise ConnectFailed(f"{self._endpoint}: {limit}{problem}")

    def loop(self) -> None:
        """Receive, send and mend what can be without a wait."""
        self._turn(0)

    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection is not known to be lost."""
        return self._is_open and self._is_at(ESTABLISHED)

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        """Send, or queue while a lost connection is being mended. *Raises* NotConnected, BadTopic."""
        check_topic(topic)
        _check_qos(topic, qos)
        if not self._is_open:
            raise NotConnected(f"{topic}: not connected")
        self._outbox.post(topic, encode(payload), qos)
        self._send_now()

    def subscribe(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int = 1) -> None:
        """Hear what matches, from now on. *Raises* NoAnswer, NotConnected, BadTopic."""
        check_filter(topic_filter)
        _check_qos(topic_filter, qos)
        route = Route(topic_filter, callback, qos)
        self._routes.remember(route)
        if not self.is_connected():
            return
        number = self._outbox.ask([route])
        deadline_ms = machine.now_ms() + GRANT_WITHIN_MS
        self._turn_until(deadline_ms, lambda: route.is_granted is not None or not self._is_open)
        if route.is_granted:
            return
        # AWS IoT may refuse by hanging up: to ask again at every reconnect would never end.
        self._routes.forget(topic_filter)
        self._outbox.take_answered(number)
        if route.is_granted is None and self._is_open:
            raise NoAnswer(f"{topic_filter}: no answer to the subscription within {GRANT_WITHIN_MS} ms")
        raise NotConnected(f"{topic_filter}: the broker refused the subscription, or the connection was closed")

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription."""
        self._routes.forget(topic_filter)
        if self.is_connected():
            self._outbox.renounce(topic_filter)
            self._send_now()

    def wait(self, timeout_ms: int) -> None:
        """Return once a message was handed out since the last `wait`, or after `timeout_ms`."""
        self._turn_until(machine.now_ms() + timeout_ms, lambda: self._has_arrived)
        self._has_arrived = False

    def disconnect(self) -> None:
        """End the session politely; subscriptions are remembered and `connect` may follow."""
        self._is_open = self._is_trying = False
        self._must_leave = self._is_calling
        if self._is_calling:
            return
        leave_by_ms = machine.now_ms() + GOODBYE_WITHIN_MS
        # Closing a socket while answers are unread resets it, which may destroy what the broker has not read
        # (RFC 1122, 4.2.2.13): messages and their answers come first, and the broker hangs up.
        if self._is_at(ESTABLISHED):
            self._turn_until(leave_by_ms, lambda: not self._is_at(ESTABLISHED) or not self._outbox.entries)
        link = self._link
        if link is not None and link.stage == ESTABLISHED:
            self._try_to(link.say_goodbye)
            self._turn_until(leave_by_ms, lambda: self._link is None)
        self._lose("")

    def close(self) -> None:
        """End the session and forget every subscription and every message not yet acknowledged."""
        self.disconnect()
        self._routes = Routes()
        self._outbox = Outbox()

    def _is_at(self, stage: int) -> bool:
        return self._link is not None and self._link.stage == stage

    def _turn_until(self, deadline_ms: int, is_done: "Callable[[], bool]") -> None:
        """Turn until it is done, or the time is up; inside a callback not at all."""
        while not (is_done() or self._is_calling):
            left_ms = deadline_ms - machine.now_ms()
            self._turn(max(left_ms, 0))
            if left_ms <= 0:
                return

    def _turn(self, timeout_ms: int) -> None:
        """Do what there is to do; if that is nothing, wait for it, for at most `timeout_ms`."""
        if self._is_calling:
            return
        now_ms = machine.now_ms()
        if self._link is not None:
            self._try_to(self._serve, min(timeout_ms, _TURN_MS))
        elif not self._is_trying or self._retry_ms > now_ms:
            machine.sleep_ms(min(timeout_ms, self._retry_ms - now_ms) if self._is_trying else timeout_ms)
        else:
            self._try_to(self._begin)
        if self._must_leave:
            self.disconnect()

    def _try_to(self, act: "Callable[..., None]", *arguments: int) -> None:
        """Do it; what breaks the connection is a loss."""
        try:
            act(*arguments)
        except (OSError, ValueError, IndexError, MemoryError) as error:
            # IndexError: a packet that is shorter than its kind.
            problem = str(error) or type(error).__name__
            self._lose(problem, is_final=isinstance(error, ValueError))

    def _begin(self) -> None:
        self._tries += 1
        port = self._port or DEFAULT_PORT
        self._link = Link(self._context, self._host, port, self._tries - 1, self._buffer)
        self._link.send(packets.connect(self._client_id, KEEPALIVE_S))

    def _serve(self, timeout_ms: int) -> None:
        link = self._link
        if link is None:
            return
        # Received before anything is judged: the program may have been away for long.
        for _ in range(_MOST_PACKETS_PER_TURN):
            packet = link.receive() if link.is_reached else None
            if packet is None:
                break
            self._handle(link, packet[0], packet[1])
            # Whoever waits may have got what they wait for.
            timeout_ms = 0
        link.flush()
        self._send_due()
        link.keep_alive()
        link.await_ready(timeout_ms)

    def _handle(self, link: Link, first: int, body: memoryview) -> None:
        kind = first >> 4
        if (kind == packets.CONNACK) != (link.stage == ASKING):
            raise OSError("the broker sent a packet out of turn")
        if kind == packets.CONNACK:
            self._accept(link, body)
        elif kind == packets.PUBLISH:
            self._hand_out(link, first, body)
        elif kind in (packets.PUBACK, packets.SUBACK, packets.UNSUBACK):
            entry = self._outbox.take_answered(packets.answered(body))
            if entry is not None and entry.batch:
                settle(entry.batch, body[2:])
            self._establish_if_answered(link)
        elif kind != packets.PINGRESP:
            raise OSError(f"the broker sent a packet of kind {kind}")

    def _accept(self, link: Link, connack: memoryview) -> None:
        link.stage = ACCEPTED
        packets.check_accepted(connack)
        for batch in self._routes.batches():
            self._outbox.ask(batch)
        self._establish_if_answered(link)

    def _establish_if_answered(self, link: Link) -> None:
        if link.stage == ACCEPTED and self._outbox.is_answered():
            link.stage = ESTABLISHED
            link.began_ms = machine.now_ms()
            self._is_open = self._is_trying
            self.sessions += 1
            log("connected", endpoint=f"{self._host}:{self._port}")

    def _hand_out(self, link: Link, first: int, body: memoryview) -> None:
        name, payload, number = packets.message(first, body)
        self._has_arrived = self._is_calling = True
        try:
            self._routes.call(name.decode(), payload)
        except ValueError:
            log("message-dropped", topic="?", problem="its topic is not UTF-8")
        finally:
            self._is_calling = False
        if number and link.stage != LEAVING:
            link.send(packets.acknowledge(number))

    def _send_now(self) -> None:
        # Not while a callback runs: the acknowledgement of its message comes first.
        if not self._is_calling:
            self._try_to(self._send_due)

    def _send_due(self) -> None:
        """Send what waits, as far as the broker takes it now."""
        link = self._link
        while link is not None and link.can_send() and link.stage in (ACCEPTED, ESTABLISHED):
            packet = self._outbox.take_due(machine.now_ms(), with_messages=link.stage == ESTABLISHED)
            if packet is None:
                return
            link.send(packet)

    def _lose(self, problem: str, *, is_final: bool = False) -> None:
        """There is no connection any more; begin to mend it if that is wanted and can help."""
        link, self._link = self._link, None
        lasted_ms = None
        if link is not None:
            link.close()
            if link.stage == ESTABLISHED:
                lasted_ms = machine.now_ms() - link.began_ms
            elif link.is_reached and link.stage == ASKING and not is_final:
                problem += _HINT
        self._outbox.lose()
        if not self._is_trying:
            return
        self._problem = problem
        if is_final and not self._is_open:
            self._is_trying = False
            return
        log("connect-failed" if lasted_ms is None else "connection-lost", endpoint=self._endpoint, problem=problem)
        if lasted_ms is not None and lasted_ms >= STABLE_MS:
            self._backoff.reset()
        self._retry_ms = machine.now_ms() + self._backoff.next_ms()


def _check_qos(topic: str, qos: int) -> None:
    if qos not in (0, 1):
        raise BadTopic(f"{topic}: qos: expected 0 or 1, which AWS IoT knows, got {qos!r}")
