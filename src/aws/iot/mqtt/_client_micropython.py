"""MicroPython's connection: MQTT 3.1.1 over mutual TLS, in one thread: that of the program.

Nothing happens between calls: `wait` and `loop` receive, send again, keep alive and mend. Call one of them at least
every `rules.KEEPALIVE_S_MICROPYTHON`, or the broker hangs up, which the next call mends. `loop` waits for nothing,
`wait` for the time it is given; both take longer while a connection is made again, as `_link_micropython` says.
`_packets_micropython` knows the packets, `_outbox_micropython` keeps what outlives a connection.
"""

from aws.iot import mqtt
from aws.iot.errors import ConnectFailed, NoAnswer, NotConnected
from aws.iot.mqtt import _packets_micropython as packets
from aws.iot.mqtt import pace, rules
from aws.iot.mqtt._link_micropython import Link, tls_context
from aws.iot.mqtt._outbox_micropython import Outbox
from aws.iot.mqtt.filters import ASKED, GRANTED
from fota import boot_note, machine
from fota.log import is_shortage, log, told
from fota.transfer import dial
from fota.transfer.backoff import Backoff
from fota.waiting import still_waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.credentials import Credentials

_MAX_PACKETS_PER_TURN = 16
_BUFFER_BYTES = 1_024

# Stages of the connection: no connection, asked for, accepted, subscribed, and disconnecting.
_NONE, _ASKING, _ACCEPTED, _ESTABLISHED, _LEAVING = 0, 1, 2, 3, 4

# The kinds of packets that a broker sends; MQTT 3.1.1, section 2.2.1.
_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _UNSUBACK, _PINGRESP = 2, 3, 4, 9, 11, 13

# AWS IoT gives no other answer to a device that it knows and refuses, and on 443 to one that cannot ask by ALPN.
_HINT_443 = ": port 443 needs ALPN, which MicroPython lacks; use 8883"
_HINT = ": is the certificate active, and does its policy allow this client ID?"


class SocketConnection:
    """One device's connection; see `mqtt.Connection` for what each method promises. For one thread.

    Inside a callback `wait`, `loop` and `connect` return or raise without a wait; `disconnect` happens soon after.
    """

    def __init__(
        self, endpoint: str, client_id: str, credentials: "Credentials", *, backoff: "Backoff | None" = None
    ) -> None:
        self.sessions = 0
        self._endpoint = endpoint
        self._host, self._port = mqtt.split_endpoint(endpoint)
        self._client_id = client_id
        self._context = tls_context(credentials)
        self._backoff = backoff or Backoff(*rules.RETRY_MS)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._outbox = Outbox()
        self._pace = pace.PublishPace()
        self._link: "Link | None" = None
        self._stage = _NONE
        self._problem = self._shortage = ""
        self._retry_ms = self._since_ms = 0
        # Messages are accepted; a lost connection is mended; a callback runs; the callback called `disconnect`.
        self._is_open = self._is_trying = self._is_calling = self._must_leave = False
        self._has_arrived = False

    def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
        """Connect, and return once the broker has accepted us. *Raises* ConnectFailed."""
        deadline_ms = machine.now_ms() + timeout_ms
        if not self._is_open:
            self._port = port or self._port
            now_ms = machine.now_ms()
            if self._retry_ms <= now_ms:
                self._problem = "no answer yet"
            self._retry_ms = min(self._retry_ms, now_ms + rules.MOST_BETWEEN_CALLS_MS)
            self._is_trying = True
        while self._is_trying and not self.is_connected() and self._turn(deadline_ms):
            pass
        if self.is_connected():
            return
        boot_note.offline(self._shortage)
        limit = f"not connected within {timeout_ms} ms: " if self._is_trying else ""
        if not self._is_open:
            self.disconnect()
        cause = MemoryError(self._shortage) if self._shortage else None  # No trouble of the network.
        raise ConnectFailed(f"{self._endpoint}: {limit}{self._problem}", cause=cause)

    def loop(self) -> None:
        """Receive, send and mend as far as that needs no wait."""
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
        """Call back for each message that matches, from now on. *Raises* NoAnswer, NotConnected, BadTopic."""
        mqtt.check_filter(topic_filter, qos)
        wanted = self._outbox.filters.remember(topic_filter, callback, qos)
        if not self.is_connected():
            return
        number = self._outbox.ask([wanted])
        wanted.is_awaited = True
        deadline_ms = machine.now_ms() + rules.GRANT_WITHIN_MS
        while wanted.state == ASKED and wanted.is_awaited and self._turn(deadline_ms):
            pass
        if wanted.state == GRANTED:
            wanted.is_awaited = False
            return
        # AWS IoT may refuse by hanging up: if we asked again at every reconnect, that would never end.
        self._outbox.filters.forget(topic_filter)
        self._outbox.take_answered(number)
        if wanted.state == ASKED and wanted.is_awaited:
            raise NoAnswer(f"{topic_filter}: no answer to the subscription within {rules.GRANT_WITHIN_MS} ms")
        raise NotConnected(f"{topic_filter}: the broker refused the subscription or hung up")

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription."""
        self._outbox.filters.forget(topic_filter)
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
        leave_by_ms = machine.now_ms() + rules.GOODBYE_WITHIN_MS
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
        """Do the work that is due, or wait for some. False if time is up, and inside a callback."""
        if self._is_calling:
            return False
        left_ms = max(deadline_ms - machine.now_ms(), 0)
        if self._link is not None:
            self._try_to(self._serve, self._link, min(left_ms, rules.TURN_MS))
        elif not self._is_trying:
            machine.sleep_ms(min(left_ms, rules.TURN_MS))
        else:
            wait_ms = max(self._retry_ms - machine.now_ms(), pace.connect_wait_ms(self._client_id))
            if wait_ms > 0:
                machine.sleep_ms(min(left_ms, wait_ms, rules.TURN_MS))
            else:
                self._try_to(self._begin)
        if self._must_leave:
            self.disconnect()
        machine.alive()
        still_waiting()
        return left_ms > 0

    def _try_to(self, act: "Callable[..., None]", *arguments: object) -> None:
        """Do the work; an error that breaks the connection counts as a loss."""
        try:
            act(*arguments)
        except (OSError, ValueError, IndexError, MemoryError) as error:  # IndexError: a packet cut short.
            self._lose(told(error), is_final=isinstance(error, ValueError), is_short=is_shortage(error))

    def _begin(self) -> None:
        self._since_ms = machine.now_ms()
        self._link = Link(self._context, self._host, self._port, self._buffer)
        self._stage = _ASKING
        self._link.send(packets.connect(self._client_id, rules.KEEPALIVE_S_MICROPYTHON))

    def _serve(self, link: Link, timeout_ms: int) -> None:
        # Receive before the deadlines are checked: the program may have been away for long.
        for _ in range(_MAX_PACKETS_PER_TURN):
            packet = link.receive()
            if packet is None:
                break
            self._handle(link, packet[0], packet[1])
            # The caller that waits may have its message by now.
            timeout_ms = 0
        link.flush()
        self._send_due()
        if self._stage < _ESTABLISHED and machine.now_ms() - self._since_ms > rules.ACCEPT_WITHIN_MS_MICROPYTHON:
            self._outbox.filters.lose(hung_up=False)
            raise OSError(f"the broker did not accept us within {rules.ACCEPT_WITHIN_MS_MICROPYTHON} ms")
        self._outbox.check_acknowledged(machine.now_ms())
        link.keep_alive()
        if self._stage == _ESTABLISHED and self._outbox.entries:
            # A message that waits for its turn; zero if it waits for its acknowledgement, or for the network.
            timeout_ms = min(timeout_ms, self._pace.wait_ms() or timeout_ms)
        link.await_ready(timeout_ms)

    def _handle(self, link: Link, first: int, body: memoryview) -> None:
        kind = first >> 4
        if (kind == _CONNACK) != (self._stage == _ASKING):
            raise OSError("the broker sent a packet out of turn")
        if kind == _CONNACK:
            self._stage = _ACCEPTED
            self._pace.begin()
            # It was sent after the handshake, which may take a microcontroller seconds.
            pace.note_connect(self._client_id)
            dial.worked(self._host, self._port)
            packets.check_accepted(body)
        elif kind == _PUBLISH:
            self._hand_out(link, first, body)
        elif kind in (_PUBACK, _SUBACK, _UNSUBACK):
            self.sessions += self._outbox.settle(body) and self._stage == _ESTABLISHED
            if self._stage == _ACCEPTED:
                self._since_ms = machine.now_ms()
        elif kind == _PINGRESP:
            link.pinged_ms = None
        else:
            raise OSError(f"the broker sent a packet of kind {kind}")
        if self._stage == _ACCEPTED and self._outbox.filters.are_answered():
            self._outbox.filters.established()
            self._stage = _ESTABLISHED
            self._since_ms = machine.now_ms()
            self._is_open = self._is_trying
            self.sessions += 1
            boot_note.online()
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
        """Send the waiting packets, as far as the broker takes them now."""
        link = self._link
        while link is not None and link.unsent is None and self._stage in (_ACCEPTED, _ESTABLISHED):
            with_messages = self._stage == _ESTABLISHED and not self._pace.wait_ms()
            packet = self._outbox.take_due(machine.now_ms(), with_messages=with_messages)
            if packet is None:
                return
            self._pace.take()
            link.send(packet)

    def _lose(self, problem: str, *, is_final: bool = False, is_short: bool = False) -> None:
        """The connection is lost; begin to mend it if that is wanted and can help."""
        link, self._link = self._link, None
        stage, self._stage = self._stage, _NONE
        if link is not None:
            link.close()
            if stage == _ASKING and link.is_reached:
                pace.note_connect(self._client_id)
                problem += "" if is_final or is_short else _HINT_443 if self._port == 443 else _HINT
        self._outbox.lose(hung_up=self._is_trying)
        if not self._is_trying:
            return
        self._problem, self._shortage = problem, problem if is_short else ""
        boot_note.offline(self._shortage)
        if is_final and not self._is_open:
            self._is_trying = False
            # A program that calls `connect` again and again must not keep the broker busy.
            self._retry_ms = machine.now_ms() + self._backoff.next_ms()
            return
        log(
            "connection-lost" if stage == _ESTABLISHED else "connect-failed", endpoint=self._endpoint, problem=problem
        )
        if stage == _ESTABLISHED and machine.now_ms() - self._since_ms >= rules.STABLE_MS:
            self._backoff.reset()
        self._retry_ms = machine.now_ms() + self._backoff.next_ms()
