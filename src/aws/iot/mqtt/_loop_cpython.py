"""The network thread: it alone drives paho, connects, and connects again after every loss.

Paho's own thread is not used: `loop_stop` joins it without a bound, it runs on while a message is not
acknowledged, and its back-off has neither jitter nor a memory of connections that do not last.
With one thread there is also no packet before its CONNECT and no TLS socket in two hands.
"""

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import LogLevel, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from aws.iot.mqtt import pace, rules
from aws.iot.mqtt._paho_cpython import RepeatingClient
from aws.iot.mqtt._session_cpython import Loss, Session
from aws.iot.mqtt._subscriptions_cpython import hand_out, wanted
from aws.iot.mqtt.filters import tell
from fota import boot_note, machine
from fota.log import log
from fota.transfer.backoff import Backoff

# AWS IoT gives no other answer to a device that it knows and refuses.
_HINT = ", before it accepted us: is the certificate active, and does its policy allow this client ID?"

# Exceptions that paho passes on when the network or the broker is broken; paho 2.1 also its own decoding errors.
_BROKEN = (OSError, ValueError, IndexError, KeyError, struct.error)


class NetworkLoop:
    """One thread, from `start` until `stop` or until trying again cannot help."""

    def __init__(
        self,
        client: RepeatingClient | None,
        new_client: Callable[[], RepeatingClient],
        client_id: str,
        session: Session,
        backoff: Backoff,
    ) -> None:
        """`client` is that of an earlier loop: paho keeps what is not acknowledged."""
        self._new_client = new_client
        self._client_id = client_id
        self._pace = pace.PublishPace()
        self._first_delay_ms = 0
        self._session = session
        self._backoff = backoff
        self._host = ""
        self._port = 0
        self._is_accepted = False
        self._accept_by_ms = 0
        self._refusal: Loss | None = None
        self._problem = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="aws-iot-mqtt", daemon=True)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self.client = self._taught(client or new_client())

    def start(self, host: str, port: int, *, delay_ms: int = 0) -> None:
        """Connect, in the background, after a delay. *Raises* RuntimeError where there is no room for a thread."""
        self._host = host
        self._port = port
        self._first_delay_ms = delay_ms
        self._session.start()
        try:
            self._thread.start()
        except RuntimeError:
            self._end()
            raise

    def wake(self) -> None:
        """Wake the thread: there is something to send."""
        # If the pipe is full, the thread is awake already. If it is closed, the thread has ended.
        with suppress(OSError):
            self._wake_writer.send(b"\0")

    def stop(self, timeout_ms: int) -> bool:
        """Say goodbye and end; returns whether the thread has ended within the time.

        If not, it is inside the operating system's name look-up or connect, and ends after that.
        """
        self._stopping.set()
        self.wake()
        if threading.current_thread() is self._thread:
            return False
        self._thread.join(timeout_ms / 1000)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._stopping.wait(self._first_delay_ms / 1000)
            while not self._stopping.wait(pace.connect_wait_ms(self._client_id) / 1000):
                loss = self._one_connection()
                lasted_ms, found = self._session.lose(loss, was_accepted=self._is_accepted)
                tell((), (), found)
                self._drop_stuck()
                if not self._stopping.is_set():
                    boot_note.offline()
                if self._stopping.is_set() or (loss.is_final and not self._session.is_open()):
                    return
                self._wait_before_retry(loss, lasted_ms)
        finally:
            self._end()

    def _end(self) -> None:
        self._session.end()
        self._wake_reader.close()
        self._wake_writer.close()

    def _wait_before_retry(self, loss: Loss, lasted_ms: int | None) -> None:
        event = "connect-failed" if lasted_ms is None else "connection-lost"
        log(event, endpoint=f"{self._host}:{self._port}", problem=loss.problem)
        if lasted_ms is not None and lasted_ms >= rules.STABLE_MS:
            self._backoff.reset()
        self._stopping.wait(self._backoff.next_ms() / 1000)

    def _drop_stuck(self) -> None:
        stuck = self._session.take_stuck()
        if stuck is not None:
            problem = f"not acknowledged on {rules.MAX_FRUITLESS} connections"
            log("message-dropped", topic=stuck.topic, problem=problem)
        if stuck is not None or self._session.take_back():
            # Only so does paho forget a message; the session keeps the others.
            self.client = self._taught(self._new_client())

    def _taught(self, client: RepeatingClient) -> RepeatingClient:
        """The client, which calls this loop for each event."""
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_log = self._on_log
        return client

    def _one_connection(self) -> Loss:
        """Make one connection and stay on it; returns why it ended."""
        self._is_accepted = False
        self._refusal = None
        self._problem = "the broker closed the connection"
        try:
            self.client.connect(self._host, self._port, rules.KEEPALIVE_S_CPYTHON)
            pace.note_connect(self._client_id)
            self._stay_connected()
        except ssl.SSLCertVerificationError as error:
            return Loss(f"its certificate is not trusted: {error.verify_message}", is_final=True)
        except _BROKEN as error:
            return Loss(str(error) or type(error).__name__)
        finally:
            self._hang_up()
        return self._refusal or Loss(self._problem)

    def _stay_connected(self) -> None:
        self._accept_by_ms = machine.now_ms() + rules.ACCEPT_WITHIN_MS_CPYTHON
        while self.client.socket() is not None:
            if self._stopping.is_set():
                self._say_goodbye()
                return
            if not self._session.is_established() and machine.now_ms() > self._accept_by_ms:
                self._session.acquit_filters()
                self._problem = f"the broker did not accept us within {rules.ACCEPT_WITHIN_MS_CPYTHON} ms"
                return
            if self._is_accepted and self._session.has_overdue():
                self._problem = f"the broker did not acknowledge a message within {rules.ACKNOWLEDGE_WITHIN_MS} ms"
                return
            self._turn(rules.TURN_MS)
        if not self._is_accepted:
            self._problem += _HINT

    def _turn(self, timeout_ms: int) -> None:
        """Wait until there is something to do, for `timeout_ms` at most, and do it."""
        sock = self.client.socket()
        if not isinstance(sock, ssl.SSLSocket):
            return
        # poll, since select cannot watch a descriptor past 1,023.
        watch = select.poll()
        watch.register(self._wake_reader, select.POLLIN)
        watch.register(sock, select.POLLIN | (select.POLLOUT if self.client.want_write() else 0))
        if self._session.is_established() and self._session.next_message() is not None:
            # Zero while paho waits for acknowledgements: then the network wakes us.
            timeout_ms = min(timeout_ms, self._pace.wait_ms() or timeout_ms)
        # poll does not see bytes that TLS has decrypted already.
        watch.poll(0 if sock.pending() else timeout_ms)
        with suppress(BlockingIOError):
            self._wake_reader.recv(4096)
        self.client.loop_read()
        self.client.loop_write()
        self.client.loop_misc()
        if self._is_accepted and self.client.socket() is not None:
            self._serve()

    def _serve(self) -> None:
        """Send what an accepted connection needs to be established, then the packets that wait."""
        self._send_subscriptions()
        if self._session.establish_if_answered():
            boot_note.online()
            log("connected", endpoint=f"{self._host}:{self._port}")
        self._repeat()
        if self._session.is_established():
            self._send_messages()

    def _repeat(self) -> None:
        """Send again what has had no answer for long, under the number that it has."""
        while self._may_send() and (request := self._session.take_unanswered_request()):
            self.client.subscribe_again(*request)
        while self._may_send() and (packet := self._session.take_unanswered()):
            self.client.publish_again(packet)
            self._pace.take()

    def _may_send(self) -> bool:
        # Not while packets wait for the socket: messages must wait in the session, which counts them.
        return self.client.socket() is not None and not self.client.want_write() and not self._pace.wait_ms()

    def _send_messages(self) -> None:
        while message := self._session.next_message():
            if not self._may_send():
                return
            sent = self.client.publish(*message)
            if sent.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                return
            self._pace.take()
            self._session.message_sent(sent.mid)

    def _send_subscriptions(self) -> None:
        if leaving := self._session.take_leaving():
            self.client.unsubscribe(leaving)
        while batch := self._session.take_due():
            _, request = self.client.subscribe(wanted(batch))
            if request is None:
                return
            self._session.ask(request, batch)

    def _say_goodbye(self) -> None:
        say_until_ms = machine.now_ms() + rules.GOODBYE_WITHIN_MS
        # Messages first, and their acknowledgements: to close a socket with those unread resets it, and a
        # reset may destroy what the broker has not read (RFC 1122, 4.2.2.13). What is left stays with us.
        self._turn_until(say_until_ms, lambda: not (self._session.is_established() and self._session.has_messages()))
        self.client.disconnect()
        self._turn_until(say_until_ms, lambda: False)

    def _turn_until(self, deadline_ms: int, is_done: Callable[[], bool]) -> None:
        """Go on until it is done, the connection is gone, or time is up."""
        while self.client.socket() is not None and not is_done():
            left_ms = deadline_ms - machine.now_ms()
            if left_ms <= 0:
                return
            self._turn(min(left_ms, rules.TURN_MS))

    def _hang_up(self) -> None:
        sock = self.client.socket()
        if sock is not None:
            sock.close()

    def _on_connect(
        self, _client: Client, _userdata: object, _flags: ConnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        if code.is_failure:
            # This is the only refusal of MQTT 3.1.1 that passes by itself.
            is_final = code.getName() != "Server unavailable"
            self._refusal = Loss(f"the broker refused us: {code}", is_final)
            return
        self._is_accepted = True
        self._pace.begin()
        self._session.restart_waits()
        # Done here, so that paho sends these before it repeats what was not acknowledged.
        self._send_subscriptions()

    def _on_subscribe(
        self, _client: Client, _userdata: object, request: int, codes: list[ReasonCode], _: Properties | None
    ) -> None:
        # The next filter has its own time.
        self._accept_by_ms = machine.now_ms() + rules.ACCEPT_WITHIN_MS_CPYTHON
        tell(*self._session.answer(request, [not code.is_failure for code in codes]))

    def _on_publish(self, _client: Client, _userdata: object, packet: int, _code: ReasonCode, _: Properties) -> None:
        self._session.acknowledge(packet)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            log("message-dropped", topic="?", problem="its topic is not UTF-8")
            return
        hand_out(self._session.listeners(topic), topic, bytes(message.payload))
        self._session.arrivals.add()

    def _on_log(self, _client: Client, _userdata: object, level: int, text: str) -> None:
        # Errors of the socket, which paho reports nowhere else.
        if level == LogLevel.MQTT_LOG_ERR:
            self._problem = text
