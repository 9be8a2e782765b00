"""CPython's connection: MQTT 3.1.1 over mutual TLS, by paho.

This file has the methods that `mqtt.Connection` promises. `_session_cpython` keeps what is known of the connection,
`_loop_cpython` does what happens on the network, `_tls_cpython` decides whom to trust, and `rules` has the numbers.
"""

from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from aws.iot.credentials import Credentials
from aws.iot.errors import ConnectFailed
from aws.iot.mqtt import check_filter, check_topic, encode, rules, split_endpoint
from aws.iot.mqtt._loop_cpython import NetworkLoop
from aws.iot.mqtt._messages_cpython import Message
from aws.iot.mqtt._paho_cpython import RepeatingClient
from aws.iot.mqtt._session_cpython import Session
from aws.iot.mqtt._subscriptions_cpython import Callback
from aws.iot.mqtt._tls_cpython import offer_alpn, tls_context
from fota import boot_note, machine
from fota.transfer.backoff import Backoff

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
        self._backoff = backoff or Backoff(*rules.RETRY_MS)
        self._session = Session()
        # Paho keeps what is not acknowledged, so the client outlives a connection.
        self._client: RepeatingClient | None = None
        self._loop: NetworkLoop | None = None
        self._not_before_ms = 0

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
        # Read before the loop is stopped, which would replace it by the end of the last try.
        loss = self._session.loss
        if not self._session.is_open():
            self._stop_loop(_ABANDON_WITHIN_MS)
        if loss.is_final:
            # A program that calls this again and again must not keep the broker busy.
            self._not_before_ms = machine.now_ms() + min(self._backoff.next_ms(), rules.MOST_BETWEEN_CALLS_MS)
        boot_note.offline()
        limit = "" if loss.is_final else f"not connected within {timeout_ms} ms: "
        raise ConnectFailed(f"{self._endpoint}: {limit}{loss.problem}")

    def loop(self) -> None:
        """Do nothing: messages are received in the background."""

    def is_connected(self) -> bool:
        """Whether the broker has accepted us and the connection is not known to be lost."""
        return self._session.is_connected()

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        """Send, or queue while a lost connection is being mended. *Raises* NotConnected, BadTopic."""
        check_topic(topic, qos)
        self._session.post(Message(topic, encode(payload), qos))
        self._wake()

    def subscribe(self, topic_filter: str, callback: Callback, qos: int = 1) -> None:
        """Call back for each message that matches, from now on. *Raises* NoAnswer, NotConnected, BadTopic."""
        check_filter(topic_filter, qos)
        wanted = self._session.subscribe(topic_filter, callback, qos)
        self._wake()
        if wanted is not None:
            self._session.await_granted(wanted)

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription."""
        self._session.unsubscribe(topic_filter)
        self._wake()

    def wait(self, timeout_ms: int) -> None:
        """Return once a message was handed out since the last `wait`, or after `timeout_ms`."""
        self._session.arrivals.wait(timeout_ms)

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
            loop = NetworkLoop(self._client, self._new_client, self._client_id, self._session, self._backoff)
            loop.start(self._host, port, delay_ms=max(0, self._not_before_ms - machine.now_ms()))
        except (OSError, RuntimeError) as error:
            # No descriptor or no thread is free: a later try may work.
            raise ConnectFailed(f"{self._endpoint}: {error}", cause=error) from error
        self._loop = loop

    def _stop_loop(self, timeout_ms: int) -> bool:
        """End the network thread; returns whether there is none any more."""
        if self._loop is not None and self._loop.stop(timeout_ms):
            self._client = self._loop.client
            self._loop = None
        return self._loop is None

    def _new_client(self) -> RepeatingClient:
        client = RepeatingClient(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            # Switched off: else paho answers a refused protocol version with an older protocol, unasked.
            reconnect_on_failure=False,
        )
        client.tls_set_context(self._context)
        client.connect_timeout = _TCP_AND_TLS_WITHIN_S
        client.max_inflight_messages_set(rules.MAX_UNACKNOWLEDGED_CPYTHON)
        client.max_queued_messages_set(rules.MAX_UNACKNOWLEDGED_CPYTHON)
        return client

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None:
            loop.wake()
