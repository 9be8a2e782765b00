"""What the adapters share: it remembers subscriptions, hands messages out, and checks what is asked."""

import logging
import threading
from collections.abc import Callable

from paho.mqtt.client import topic_matches_sub

from aws.iot.errors import NoAnswer, NotConnected
from aws.iot.mqtt import check_filter, check_topic, encode, rules

GOODBYE_S = rules.GOODBYE_WITHIN_MS / 1000


class Remembering:
    """A part of `aws.iot.mqtt.Connection`; an adapter adds connecting, and the three calls at the end."""

    def __init__(self) -> None:
        self.sessions = 0
        self._filters: dict[str, tuple[Callable[[str, bytes], None], int]] = {}
        self._is_open = False
        self._changed = threading.Condition()
        self._arrived = threading.Event()

    def loop(self) -> None:
        """Each adapter has a thread of its own."""

    def is_connected(self) -> bool:
        """Whether the broker has accepted us and answered for the subscriptions."""
        raise NotImplementedError

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        """Send, or keep while a lost connection is mended."""
        check_topic(topic, qos)
        if not self._is_open:
            raise NotConnected(f"{topic}: not connected")
        if self._waiting() >= rules.MAX_WAITING_CPYTHON:
            raise NotConnected(f"{topic}: {rules.MAX_WAITING_CPYTHON} messages wait already")
        self._post(topic, encode(payload), qos)

    def subscribe(self, topic_filter: str, callback: Callable[[str, bytes], None], qos: int = 1) -> None:
        """Remember it, and ask for it when connected."""
        check_filter(topic_filter, qos)
        self._filters[topic_filter] = (callback, qos)
        if self.is_connected():
            try:
                self._ask(topic_filter, qos)
            except (NoAnswer, NotConnected):
                self._filters.pop(topic_filter, None)
                raise

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget it."""
        self._filters.pop(topic_filter, None)
        if self.is_connected():
            self._leave(topic_filter)

    def wait(self, timeout_ms: int) -> None:
        """Return once a message was handed out since the last call, or after that time."""
        self._arrived.wait(timeout_ms / 1000)
        self._arrived.clear()

    def _hand_out(self, topic: str, payload: bytes) -> None:
        for topic_filter, (callback, _) in list(self._filters.items()):
            if topic_matches_sub(topic_filter, topic):
                try:
                    callback(topic, payload)
                except Exception as error:  # noqa: BLE001  # it would end the client's thread
                    # The kind alone: a message may hold a presigned URL.
                    logging.getLogger(__name__).warning("%s: %s", topic, type(error).__name__)
        self._arrived.set()

    def _waiting(self) -> int:
        """How many messages are not acknowledged."""
        raise NotImplementedError

    def _post(self, topic: str, body: bytes, qos: int) -> None:
        raise NotImplementedError

    def _ask(self, topic_filter: str, qos: int) -> None:
        """Subscribe, and wait for the grant. *Raises* NotConnected, NoAnswer."""
        raise NotImplementedError

    def _leave(self, topic_filter: str) -> None:
        raise NotImplementedError
