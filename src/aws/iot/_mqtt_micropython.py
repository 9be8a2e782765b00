"""MicroPython's connection: MQTT 3.1.1 over mutual TLS, in one thread: that of the program.

Nothing happens between calls: `wait` and `loop` receive, send again, keep alive and mend. Call one of them at least
every _KEEPALIVE_S, or the broker hangs up, which the next call mends. `loop` waits for nothing, `wait` for as long as
it is told; both take longer while a connection is made again, as `_mqtt_link_micropython` says.

Packets are `_mqtt_packets_micropython`, what outlives a connection is `_mqtt_outbox_micropython`.
"""

from aws.iot import _mqtt_packets_micropython as packets
from aws.iot import mqtt
from aws.iot._mqtt_link_micropython import Link, tls_context
from aws.iot._mqtt_outbox_micropython import Outbox, Route, settle
from aws.iot.errors import ConnectFailed, NoAnswer, NotConnected
from fota import machine
from fota.backoff import Backoff
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.credentials import Credentials

_KEEPALIVE_S = 120
"""The broker hangs up after one and a half of it without a packet of ours; AWS IoT takes 30 to 1,200."""

_GRANT_WITHIN_MS = 10_000
_GOODBYE_WITHIN_MS = 2_000
"""For messages, their acknowledgements and the goodbye together; a broker that is slower is left."""

_STABLE_MS = 60_000
"""A connection that lasted this long starts the back-off over; one merely accepted does not."""

_ACCEPT_WITHIN_MS = 30_000
"""From the look-up of the name to the last SUBACK; longer is a broker that is not well."""

_TURN_MS = 1_000
_MOST_PACKETS_PER_TURN = 16
_BUFFER_BYTES = 1_024

# How far the connection is: there is none, asked for, accepted, subscribed, and said goodbye to.
_NONE = 0
_ASKING = 1
_ACCEPTED = 2
_ESTABLISHED = 3
_LEAVING = 4

# The kinds of packets that a broker sends; MQTT 3.1.1, section 2.2.1.
_CONNACK = 2
_PUBLISH = 3
_PUBACK = 4
_SUBACK = 9
_UNSUBACK = 11
_PINGRESP = 13

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
        self._host, self._port = mqtt.split_endpoint(endpoint)
        self._client_id = client_id
        self._context = tls_context(credentials)
        self._backoff = backoff or Backoff(1_000, 128_000)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._outbox = Outbox()
        self._link: "Link | None" = None
        self._stage = _NONE
        self._problem = ""
        self._tries = self._retry_ms = self._since_ms = 0
        # Messages are taken; a lost connection is mended; a callback runs; it said `disconnect`.
        self._is_open = self._is_trying = self._is_calling = self._must_leave = False
        self._has_arrived = False

    def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
        """Connect, and return once the broker has accepted us. *Raises* ConnectFailed."""
        deadline_ms = machine.now_ms() + timeout_ms
        if not self._is_open:
            self._port = port or self._port
            self._problem = "no answer yet"
            self._retry_ms = machine.now_ms()
            self._is_trying = True
        while self._is_trying and not self.is_connected() and self._turn(deadline_ms):
            pass
        if self.is_connected():
            return
        limit = f"not connected within {timeout_ms} ms: " if self._is_trying else ""
        if not self._is_open:
            self.disconnect()
        raise ConnectFailed(f"{self._endpoint}: {limit}{self._problem}")

    def loop(self) -> None:
        """Receive, send and mend what can be without a wait."""
        self._turn(machine.now_ms())

    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection is not known to be lost."""
        return self._is_open and self._stage == _ESTABLISHED

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        """Send, or queue while a lost connection is being mended. *Raises* NotConnected, BadTopic."""
        mqtt.check_topic(topic, qos)
        if not self._is_open:
            raise NotConnected(f"{topic}: not connected")
        self._outbox.post(topic, mqtt.encode(payload), qos)
        self._send_now()

    def subscribe(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int = 1) -> None:
        """Hear what matches, from now on. *Raises* NoAnswer, NotConnected, BadTopic."""
        mqtt.check_filter(topic_filter, qos)
        route = Route(topic_filter, callback, qos)
        self._outbox.forget(topic_filter)
        self._outbox.routes.append(route)
        if not self.is_connected():
            return
        number = self._outbox.ask([route])
        deadline_ms = machine.now_ms() + _GRANT_WITHIN_MS
        while route.is_granted is None and self._is_open and self._turn(deadline_ms):
            pass
        if route.is_granted:
            return
        # AWS IoT may refuse by hanging up: to ask again at every reconnect would never end.
        self._outbox.forget(topic_filter)
        self._outbox.take_answered(number)
        if route.is_granted is None and self._is_open:
            raise NoAnswer(f"{topic_filter}: no answer to the subscription within {_GRANT_WITHIN_MS} ms")
        raise NotConnected(f"{topic_filter}: the broker refused the subscription or hung up")

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription."""
        self._outbox.forget(topic_filter)
        if self.is_connected():
            self._outbox.renounce(topic_filter)
            self._send_now()

    def wait(self, timeout_ms: int) -> None:
        """Return once a message was handed out since the last `wait`, or after `timeout_ms`."""
        deadline_ms = machine.now_ms() + timeout_ms
        while not self._has_arrived and self._turn(deadline_ms):
            pass
        self._has_arrived = False

    def disconnect(self) -> None:
        """End the session politely; subscriptions are remembered and `connect` may follow."""
        self._is_open = self._is_trying = False
        self._must_leave = self._is_calling
        if self._is_calling:
            return
        leave_by_ms = machine.now_ms() + _GOODBYE_WITHIN_MS
        # Closing a socket while answers are unread resets it, which may destroy what the broker has not read
        # (RFC 1122, 4.2.2.13): messages and their answers come first, and the broker hangs up.
        while self._stage == _ESTABLISHED and self._outbox.entries and self._turn(leave_by_ms):
            pass
        link = self._link
        # Unless a packet is half sent: then there is no polite end.
        if link is not None and link.unsent is None and self._stage == _ESTABLISHED:
            self._stage = _LEAVING
            self._try_to(link.send, packets.DISCONNECT)
            while self._stage == _LEAVING and self._turn(leave_by_ms):
                pass
        self._lose("")

    def close(self) -> None:
        """End the session and forget every subscription and every message not yet acknowledged."""
        self.disconnect()
        self._outbox = Outbox()

    def _turn(self, deadline_ms: int) -> bool:
        """Do what there is to do; if that is nothing, wait for it. False if time is up, and inside a callback."""
        if self._is_calling:
            return False
        now_ms = machine.now_ms()
        left_ms = max(deadline_ms - now_ms, 0)
        if self._link is not None:
            self._try_to(self._serve, min(left_ms, _TURN_MS))
        elif not self._is_trying:
            machine.sleep_ms(left_ms)
        elif self._retry_ms > now_ms:
            machine.sleep_ms(min(left_ms, self._retry_ms - now_ms))
        else:
            self._try_to(self._begin)
        if self._must_leave:
            self.disconnect()
        return left_ms > 0

    def _try_to(self, act: "Callable[..., None]", *arguments: object) -> None:
        """Do it; what breaks the connection is a loss."""
        try:
            act(*arguments)
        except (OSError, ValueError, IndexError, MemoryError) as error:
            # IndexError: a packet that is shorter than its kind.
            problem = str(error) or type(error).__name__
            self._lose(problem, is_final=isinstance(error, ValueError))

    def _begin(self) -> None:
        self._tries += 1
        self._since_ms = machine.now_ms()
        # From the first address of the host on, and from another one at each try.
        self._link = Link(self._context, self._host, self._port, self._tries - 1, self._buffer)
        self._stage = _ASKING
        self._link.send(packets.connect(self._client_id, _KEEPALIVE_S))

    def _serve(self, timeout_ms: int) -> None:
        link = self._link
        if link is None:
            return
        # Received before anything is judged: the program may have been away for long.
        for _ in range(_MOST_PACKETS_PER_TURN):
            packet = link.receive()
            if packet is None:
                break
            self._handle(link, packet[0], packet[1])
            # Whoever waits may have got what they wait for.
            timeout_ms = 0
        link.flush()
        self._send_due()
        if self._stage < _ESTABLISHED and machine.now_ms() - self._since_ms > _ACCEPT_WITHIN_MS:
            raise OSError(f"the broker did not accept us within {_ACCEPT_WITHIN_MS} ms")
        link.keep_alive()
        link.await_ready(timeout_ms)

    def _handle(self, link: Link, first: int, body: memoryview) -> None:
        kind = first >> 4
        if (kind == _CONNACK) != (self._stage == _ASKING):
            raise OSError("the broker sent a packet out of turn")
        if kind == _CONNACK:
            self._stage = _ACCEPTED
            packets.check_accepted(body)
            self._outbox.ask_all()
        elif kind == _PUBLISH:
            self._hand_out(link, first, body)
        elif kind in (_PUBACK, _SUBACK, _UNSUBACK):
            settle(self._outbox.take_answered(packets.answered(body)), body[2:])
        elif kind == _PINGRESP:
            link.pinged_ms = None
        else:
            raise OSError(f"the broker sent a packet of kind {kind}")
        if self._stage == _ACCEPTED and self._outbox.is_answered():
            self._stage = _ESTABLISHED
            self._since_ms = machine.now_ms()
            self._is_open = self._is_trying
            self.sessions += 1
            log("connected", endpoint=f"{self._host}:{self._port}")

    def _hand_out(self, link: Link, first: int, body: memoryview) -> None:
        name, payload, acknowledgement = packets.message(first, body)
        self._has_arrived = self._is_calling = True
        try:
            self._outbox.hand_out(name, payload)
        finally:
            self._is_calling = False
        if acknowledgement and self._stage != _LEAVING:
            link.send(acknowledgement)

    def _send_now(self) -> None:
        # Not while a callback runs: the acknowledgement of its message comes first.
        if not self._is_calling:
            self._try_to(self._send_due)

    def _send_due(self) -> None:
        """Send what waits, as far as the broker takes it now."""
        link = self._link
        while link is not None and link.unsent is None and self._stage in (_ACCEPTED, _ESTABLISHED):
            packet = self._outbox.take_due(machine.now_ms(), with_messages=self._stage == _ESTABLISHED)
            if packet is None:
                return
            link.send(packet)

    def _lose(self, problem: str, *, is_final: bool = False) -> None:
        """There is no connection any more; begin to mend it if that is wanted and can help."""
        link, self._link = self._link, None
        stage, self._stage = self._stage, _NONE
        if link is not None:
            link.close()
            if stage == _ASKING and link.is_reached and not is_final:
                problem += _HINT
        self._outbox.lose()
        if not self._is_trying:
            return
        self._problem = problem
        if is_final and not self._is_open:
            self._is_trying = False
            return
        was_established = stage == _ESTABLISHED
        log("connection-lost" if was_established else "connect-failed", endpoint=self._endpoint, problem=problem)
        if was_established and machine.now_ms() - self._since_ms >= _STABLE_MS:
            self._backoff.reset()
        self._retry_ms = machine.now_ms() + self._backoff.next_ms()
