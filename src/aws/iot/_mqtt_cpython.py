"""CPython's connection: MQTT 3.1.1 over mutual TLS, by paho.

This file is the face that `mqtt.Connection` promises. What is known of the connection is
`_mqtt_session_cpython`, what happens on the network `_mqtt_loop_cpython`, trust `_mqtt_tls_cpython`.
"""

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from aws.iot._mqtt_loop_cpython import NetworkLoop
from aws.iot._mqtt_session_cpython import Message, Session
from aws.iot._mqtt_subscriptions_cpython import Callback
from aws.iot._mqtt_tls_cpython import offer_alpn, tls_context
from aws.iot.credentials import Credentials
from aws.iot.errors import ConnectFailed
from aws.iot.mqtt import check_filter, check_topic, encode, split_endpoint
from fota import machine
from fota.backoff import Backoff

MOST_UNACKNOWLEDGED = 20
"""QoS 1 messages sent and not yet acknowledged, beside those that wait; AWS IoT allows 100."""

_FIRST_RETRY_MS = 1_000
_MOST_RETRY_MS = 128_000
_TCP_AND_TLS_WITHIN_S = 10
_END_WITHIN_MS = 5_000
_ABANDON_WITHIN_MS = 500


class PahoConnection:
    """One device's connection; see `mqtt.Connection` for what each method promises."""

    def __init__(
        self, endpoint: str, client_id: str, credentials: Credentials, *, backoff: Backoff | None = None
    ) -> None:
        self._endpoint = endpoint
        self._host, self._port = split_endpoint(endpoint)
        self._client_id = client_id
        self._context = tls_context(credentials)
        self._backoff = backoff or Backoff(_FIRST_RETRY_MS, _MOST_RETRY_MS)
        self._session = Session()
        # Paho keeps what is not acknowledged, so the client outlives a connection.
        self._client: Client | None = None
        self._loop: NetworkLoop | None = None

    @property
    def sessions(self) -> int:
        """How often a broker accepted us."""
        return self._session.count

    def connect(self, port: int | None = None, *, timeout_ms: int = 30_000) -> None:
        """Connect, and return once the broker has accepted us. *Raises* ConnectFailed."""
        connect_by_ms = machine.now_ms() + timeout_ms
        if not self._session.is_open():
            self._port = port or self._port
            self._start_loop(self._port, timeout_ms)
        if self._session.await_connected(connect_by_ms - machine.now_ms()):
            return
        # Before the loop is stopped, which would put the end of the last try in its place.
        loss = self._session.loss
        if not self._session.is_open():
            self._stop_loop(_ABANDON_WITHIN_MS)
        limit = "" if loss.is_final else f"not connected within {timeout_ms} ms: "
        raise ConnectFailed(f"{self._endpoint}: {limit}{loss.problem}")

    def loop(self) -> None:
        """Nothing: messages are received in the background."""

    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection is not known to be lost."""
        return self._session.is_connected()

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        """Send, or queue while a lost connection is being mended. *Raises* NotConnected, BadTopic."""
        check_topic(topic, qos)
        self._session.post(Message(topic, encode(payload), qos))
        self._wake()

    def subscribe(self, topic_filter: str, callback: Callback, qos: int = 1) -> None:
        """Hear what matches, from now on. *Raises* NoAnswer, NotConnected, BadTopic."""
        check_filter(topic_filter, qos)
        is_connected = self._session.subscribe(topic_filter, callback, qos)
        self._wake()
        if is_connected:
            self._session.await_granted(topic_filter)

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription."""
        self._session.unsubscribe(topic_filter)
        self._wake()

    def wait(self, timeout_ms: int) -> None:
        """Return once a message was handed out since the last `wait`, or after `timeout_ms`."""
        # Cleared after the wait, not before: what came while nobody waited ends the next one at once.
        self._session.arrived.wait(timeout_ms / 1000)
        self._session.arrived.clear()

    def disconnect(self) -> None:
        """End the session politely; subscriptions are remembered and `connect` may follow."""
        self._session.shut()
        self._stop_loop(_END_WITHIN_MS)

    def close(self) -> None:
        """End the session and forget every subscription and every message not yet acknowledged."""
        self.disconnect()
        self._session.forget_all()
        self._client = None

    def _start_loop(self, port: int, timeout_ms: int) -> None:
        if not self._stop_loop(timeout_ms):
            raise ConnectFailed(f"{self._endpoint}: the connection before it has not ended yet")
        offer_alpn(self._context, port)
        try:
            loop = NetworkLoop(self._client, self._new_client, self._session, self._backoff)
            loop.start(self._host, port)
        except (OSError, RuntimeError) as error:
            # No descriptor or no thread is left: it may pass.
            raise ConnectFailed(f"{self._endpoint}: {error}", cause=error) from error
        self._loop = loop

    def _stop_loop(self, timeout_ms: int) -> bool:
        """End the network thread; returns whether there is none any more."""
        if self._loop is not None and self._loop.stop(timeout_ms):
            self._client = self._loop.client
            self._loop = None
        return self._loop is None

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            # Off, or paho answers a refused protocol version with an older protocol, unasked.
            reconnect_on_failure=False,
        )
        client.tls_set_context(self._context)
        client.connect_timeout = _TCP_AND_TLS_WITHIN_S
        client.max_inflight_messages_set(MOST_UNACKNOWLEDGED)
        client.max_queued_messages_set(MOST_UNACKNOWLEDGED)
        return client

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            loop.wake()
