"""What the application's threads and the network thread both know of a connection.

The application posts messages and waits here; the network thread takes them and tells how it goes.
Sends nothing itself: that is `_mqtt_loop_cpython`.
"""

import threading
from collections import deque
from typing import NamedTuple

from aws.iot._mqtt_subscriptions_cpython import Callback, Subscriptions
from aws.iot.errors import NoAnswer, NotConnected
from aws.iot.mqtt import MOST_FRUITLESS
from fota import machine

MOST_WAITING = 100
"""Messages that wait to be sent; one more is an error of the caller's to handle."""

_GRANT_WITHIN_S = 10


class Message(NamedTuple):
    """A message that waits to be sent."""

    topic: str
    body: bytes
    qos: int


class Loss(NamedTuple):
    """Why a connection ended or could not be made; `is_final` if trying again cannot help."""

    problem: str
    is_final: bool = False


class Session:
    """Subscriptions, messages on their way, and how the connection stands.

    Closed → trying (`start`) → open (first `establish_if_answered`): losses are mended, and messages are
    taken meanwhile → closed (`shut`, `end`).
    """

    def __init__(self) -> None:
        self.count = 0
        self.loss = Loss("no answer yet")
        self.arrived = threading.Event()
        self._changed = threading.Condition()
        # Everything below is guarded by it.
        self._is_open = False
        self._is_trying = False
        self._established_ms: int | None = None
        self._subscriptions = Subscriptions()
        self._leaving: list[str] = []
        self._outbox: deque[Message] = deque()
        self._unacknowledged: dict[int, Message] = {}
        # So many connections in a row ended without an acknowledgement; -1 once this one had one.
        self._fruitless = 0

    # For the application's threads.

    def is_open(self) -> bool:
        """Whether messages are taken and losses mended."""
        return self._is_open

    def is_connected(self) -> bool:
        """Whether the broker has accepted us and answered for every subscription."""
        return self._is_open and self._established_ms is not None

    def await_connected(self, timeout_ms: int) -> bool:
        """Block until connected, or until nobody tries any more; returns whether connected."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_connected() or not self._is_trying, timeout_ms / 1000)
            return self.is_connected()

    def post(self, message: Message) -> None:
        """Have a message sent. *Raises* NotConnected when not open, or when too many wait."""
        with self._changed:
            if not self._is_open:
                raise NotConnected(f"{message.topic}: not connected")
            if len(self._outbox) >= MOST_WAITING:
                raise NotConnected(f"{message.topic}: {MOST_WAITING} messages wait already")
            self._outbox.append(message)

    def subscribe(self, topic_filter: str, callback: Callback, qos: int) -> bool:
        """Remember a subscription; returns whether there is a connection to ask for it on."""
        with self._changed:
            self._subscriptions.remember(topic_filter, callback, qos)
            return self.is_connected()

    def await_granted(self, topic_filter: str) -> None:
        """Block until the broker granted it. *Raises* NotConnected, NoAnswer, having forgotten it."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_settled(topic_filter), _GRANT_WITHIN_S)
            standing = self._subscriptions.standing(topic_filter)
            if standing == "granted":
                return
            # AWS IoT may refuse by hanging up: to ask again at every reconnect would never end.
            self._subscriptions.forget(topic_filter)
            if not self._is_open:
                raise NotConnected(f"{topic_filter}: the connection was closed meanwhile")
        if standing == "refused":
            raise NotConnected(f"{topic_filter}: the broker refused the subscription")
        raise NoAnswer(f"{topic_filter}: no answer to the subscription within {_GRANT_WITHIN_S} s")

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription, and have the broker told."""
        with self._changed:
            self._subscriptions.forget(topic_filter)
            if self.is_connected():
                self._leaving.append(topic_filter)

    def shut(self) -> None:
        """Take no more messages and mend no more losses."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def forget_all(self) -> None:
        """Drop every subscription and every message that waits."""
        with self._changed:
            self._subscriptions.forget_all()
            self._outbox.clear()
            self._unacknowledged.clear()
            self._fruitless = 0

    def _is_settled(self, topic_filter: str) -> bool:
        return not self._is_open or self._subscriptions.standing(topic_filter) in ("granted", "refused")

    # For the network thread, in this order.

    def start(self) -> None:
        """Somebody tries to connect from now on, until `end`."""
        with self._changed:
            self.loss = Loss("no answer yet")
            self._is_trying = True

    def take_unasked(self) -> list[tuple[str, int]]:
        """The next few filters to subscribe to; follow it with `ask`."""
        with self._changed:
            return self._subscriptions.unasked()

    def ask(self, request: int, batch: list[tuple[str, int]]) -> None:
        """Those filters were asked for in the packet numbered `request`."""
        with self._changed:
            self._subscriptions.ask(request, batch)

    def answer(self, request: int, granted: list[bool]) -> list[str]:
        """The broker answered that packet; returns the filters it refused."""
        with self._changed:
            refused = self._subscriptions.answer(request, granted)
            self._changed.notify_all()
            return refused

    def establish_if_answered(self) -> bool:
        """Count a new session once the broker answered for everything; returns whether this was it."""
        with self._changed:
            if self._established_ms is not None or not self._subscriptions.are_answered():
                return False
            self._established_ms = machine.now_ms()
            self._is_open = True
            self.count += 1
            self._changed.notify_all()
            return True

    def is_established(self) -> bool:
        """Whether this connection was counted."""
        return self._established_ms is not None

    def take_leaving(self) -> list[str]:
        """Filters to unsubscribe from."""
        with self._changed:
            leaving, self._leaving = self._leaving, []
            return leaving

    def next_message(self) -> Message | None:
        """The message that waits longest; it stays until `message_sent`."""
        with self._changed:
            return self._outbox[0] if self._outbox else None

    def message_sent(self, packet: int) -> None:
        """The message that waited longest is on its way, in the packet numbered so."""
        with self._changed:
            message = self._outbox.popleft() if self._outbox else None
            if message is not None and message.qos:
                self._unacknowledged[packet] = message

    def acknowledge(self, packet: int) -> None:
        """The broker has the message of that packet; one of QoS 0 need not be known."""
        with self._changed:
            if self._unacknowledged.pop(packet, None) is not None:
                self._fruitless = -1

    def has_messages(self) -> bool:
        """Whether a message waits, or is not acknowledged."""
        with self._changed:
            return bool(self._outbox or self._unacknowledged)

    def listeners(self, topic: str) -> list[Callback]:
        """Who hears a message on this topic."""
        with self._changed:
            return self._subscriptions.listeners(topic)

    def lose(self, loss: Loss, *, was_accepted: bool) -> int | None:
        """The connection ended; returns for how long it was established, or None if it never was."""
        with self._changed:
            began_ms = self._established_ms
            self.loss = loss
            self._established_ms = None
            self._leaving = []
            self._subscriptions.lose()
            # Accepted is enough: what was sent before goes out again at once.
            if was_accepted and self._unacknowledged:
                self._fruitless += 1
        return None if began_ms is None else machine.now_ms() - began_ms

    def take_stuck(self) -> Message | None:
        """The message that nobody will acknowledge, if that is how it looks; those sent after it wait again."""
        with self._changed:
            if self._fruitless < MOST_FRUITLESS:
                return None
            stuck, *others = self._unacknowledged.values()
            self._outbox.extendleft(reversed(others))
            self._unacknowledged.clear()
            self._fruitless = 0
            return stuck

    def end(self) -> None:
        """Nobody tries any more."""
        with self._changed:
            self._is_open = False
            self._is_trying = False
            self._established_ms = None
            self._subscriptions.lose()
            self._changed.notify_all()
