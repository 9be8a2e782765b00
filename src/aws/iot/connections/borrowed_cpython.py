"""A connection over a client that belongs to the program; each client has its own adapter beside this file."""

from typing import Generic, TypeVar

from aws.iot.connections._events_cpython import ClientEvents, LentClient
from aws.iot.connections._lent_session_cpython import LentSession
from aws.iot.connections._tender_cpython import Tender
from aws.iot.errors import ConnectFailed
from aws.iot.mqtt import check_filter, check_topic, encode, rules
from aws.iot.mqtt._messages_cpython import Message
from aws.iot.mqtt._subscriptions_cpython import Callback
from fota import boot_note

AnyClient = TypeVar("AnyClient")


class BorrowedConnection(Generic[AnyClient]):
    """See `mqtt.Connection` for what each method promises; made by `over_paho` and `over_awscrt`."""

    def __init__(self, client: AnyClient, lent: LentClient, session: LentSession, events: ClientEvents) -> None:
        self.client = client
        """The program's client: it connects, ends and serves it."""
        self._lent = lent
        self._session = session
        self._events = events
        self._tender: Tender | None = None

    @property
    def sessions(self) -> int:
        """How often a broker accepted us, as far as the connection was told to connect."""
        return self._session.count

    def connect(self, port: int | None = None, *, timeout_ms: int = 30_000) -> None:  # noqa: ARG002 - the protocol's
        """Wait until the program's client is connected and every filter is subscribed to; does not connect it.

        `port` means nothing here. *Blocks* for at most `timeout_ms`. *Raises* ConnectFailed.
        """
        if self._tender is None:
            tender = Tender(self._session, self._lent, self._events)
            try:
                tender.start()
            except RuntimeError as error:
                raise ConnectFailed(f"{self._lent.where()}: {error}", cause=error) from error
            self._tender = tender
        if self._session.await_connected(timeout_ms):
            return
        is_up = self._events.link is not None
        if not self._session.is_open():
            self._stop(0)
        boot_note.offline()
        problem = "the subscriptions were not answered" if is_up else "the program's client is not connected"
        raise ConnectFailed(f"{self._lent.where()}: not connected within {timeout_ms} ms: {problem}")

    def loop(self) -> None:
        """Do nothing: the program serves its client."""

    def is_connected(self) -> bool:
        """Whether the broker has accepted the client and answered for every filter."""
        tender = self._tender
        return tender is not None and self._events.link is tender.served and self._session.is_connected()

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        """Send, or queue while a lost connection is being mended. *Raises* NotConnected, BadTopic."""
        check_topic(topic, qos)
        self._session.post(Message(topic, encode(payload), qos))
        self._events.wake()

    def subscribe(self, topic_filter: str, callback: Callback, qos: int = 1) -> None:
        """Call back for each message that matches, from now on. *Raises* NoAnswer, NotConnected, BadTopic."""
        check_filter(topic_filter, qos)
        wanted = self._session.subscribe(topic_filter, callback, qos)
        self._events.wake()
        if wanted is not None:
            self._session.await_granted(wanted)

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription."""
        self._session.unsubscribe(topic_filter)
        self._events.wake()

    def wait(self, timeout_ms: int) -> None:
        """Return once a message was handed out since the last `wait`, or after `timeout_ms`."""
        # Cleared after the wait, not before: a message that came while nobody waited ends the next wait immediately.
        self._session.arrivals.wait(timeout_ms)

    def disconnect(self) -> None:
        """Give messages a moment to be acknowledged, and send nothing more; the program may then end its client."""
        self._session.shut()
        self._stop(rules.GOODBYE_WITHIN_MS)

    def close(self) -> None:
        """The same, and forget every subscription and every message not yet acknowledged."""
        self.disconnect()
        if self._events.link is not None:
            self._lent.unsubscribe(self._session.topic_filters())
        self._session.forget_all()

    def _stop(self, grace_ms: int) -> None:
        if self._tender is not None and self._tender.stop(grace_ms):
            self._tender = None
