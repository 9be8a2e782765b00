"""The state of a connection that the application's threads and the network thread share.

The application posts messages and waits here; the network thread takes them and reports back.
It sends nothing itself: `_loop_cpython` does.
"""

import threading
from collections import deque
from typing import NamedTuple

from aws.iot.errors import NoAnswer, NotConnected, QueueFull
from aws.iot.mqtt import rules
from aws.iot.mqtt._messages_cpython import Message, Sent
from aws.iot.mqtt._subscriptions_cpython import Callback, Subscriptions
from aws.iot.mqtt._waits_cpython import Arrivals, wait_for
from aws.iot.mqtt.filters import GRANTED, REFUSED, Filter
from fota import machine


class Loss(NamedTuple):
    """Why a connection ended or could not be made; `is_final` if trying again cannot help."""

    problem: str
    is_final: bool = False


class Session:
    """Subscriptions, messages on their way, and the state of the connection.

    Closed → trying (`start`) → open (first `establish_if_answered`): losses are mended, and messages are
    taken meanwhile → closed (`shut`, `end`).
    """

    def __init__(self) -> None:
        self.count: int = 0
        self.loss: Loss = Loss("no answer yet")
        self.arrivals: Arrivals = Arrivals()
        self._changed = threading.Condition()
        # This lock guards everything below.
        self._is_open = False
        self._is_trying = False
        self._established_ms: int | None = None
        self._subscriptions = Subscriptions()
        self._leaving: list[str] = []
        self._outbox: deque[Message] = deque()
        self._unacknowledged: dict[int, Sent] = {}
        # How many connections in a row ended without an acknowledgement; -1 once this one had one.
        self._fruitless = 0

    # For the application's threads.

    def is_open(self) -> bool:
        """Whether messages are accepted and losses mended."""
        return self._is_open

    def is_connected(self) -> bool:
        """Whether the broker has accepted us and answered for every subscription."""
        return self._is_open and self._established_ms is not None

    def await_connected(self, timeout_ms: int) -> bool:
        """Block until connected, or until nobody tries any more; returns whether connected."""
        with self._changed:
            wait_for(self._changed, lambda: self.is_connected() or not self._is_trying, timeout_ms)
            return self.is_connected()

    def post(self, message: Message) -> None:
        """Queue a message. *Raises* NotConnected when not open, QueueFull."""
        with self._changed:
            if not self._is_open:
                raise NotConnected(f"{message.topic}: not connected")
            if len(self._outbox) >= rules.MAX_WAITING_CPYTHON:
                raise QueueFull(f"{message.topic}: {rules.MAX_WAITING_CPYTHON} messages wait already")
            self._outbox.append(message)

    def subscribe(self, topic_filter: str, callback: Callback, qos: int) -> Filter | None:
        """Remember a subscription; returns what to wait for if there is a connection to request it on."""
        with self._changed:
            wanted = self._subscriptions.remember(topic_filter, callback, qos)
            wanted.is_awaited = self.is_connected()
            return wanted if wanted.is_awaited else None

    def await_granted(self, wanted: Filter) -> None:
        """Block until the broker granted it. *Raises* NotConnected, NoAnswer, having forgotten it."""
        topic_filter = wanted.topic_filter
        with self._changed:
            wait_for(self._changed, lambda: self._is_settled(wanted), rules.GRANT_WITHIN_MS)
            is_lost = not wanted.is_awaited
            wanted.is_awaited = False
            if wanted.state == GRANTED:
                return
            self._subscriptions.drop(wanted)
            if not self._is_open:
                raise NotConnected(f"{topic_filter}: the connection was closed meanwhile")
        if is_lost:
            raise NotConnected(f"{topic_filter}: the broker hung up instead of an answer: does its policy allow it?")
        if wanted.state == REFUSED:
            raise NotConnected(f"{topic_filter}: the broker refused the subscription")
        raise NoAnswer(f"{topic_filter}: no answer to the subscription within {rules.GRANT_WITHIN_MS} ms")

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget a subscription, and queue the UNSUBSCRIBE."""
        with self._changed:
            self._subscriptions.forget(topic_filter)
            if self.is_connected():
                self._leaving.append(topic_filter)

    def shut(self) -> None:
        """Accept no more messages and mend no more losses."""
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

    def _is_settled(self, wanted: Filter) -> bool:
        return not self._is_open or not wanted.is_awaited or wanted.state in (GRANTED, REFUSED)

    # For the network thread, in this order.

    def start(self) -> None:
        """The network thread tries to connect from now on, until `end`."""
        with self._changed:
            self.loss = Loss("no answer yet")
            self._is_trying = True

    def take_due(self) -> list[Filter]:
        """The next few filters to subscribe to; follow it with `ask`."""
        with self._changed:
            return self._subscriptions.due()

    def ask(self, request: int, batch: list[Filter]) -> None:
        """Those filters were asked for in the packet numbered `request`."""
        with self._changed:
            self._subscriptions.ask(request, batch, machine.now_ms())

    def answer(self, request: int, granted: list[bool]) -> tuple[list[str], list[str]]:
        """The broker answered that packet; returns the filters it refused, and those that it had refused before."""
        with self._changed:
            refused, regained = self._subscriptions.answer_request(request, granted)
            if regained and self._established_ms is not None:
                self.count += 1
            self._changed.notify_all()
            return refused, regained

    def establish_if_answered(self) -> bool:
        """Count a new session once the broker answered for everything; returns whether it was counted now."""
        with self._changed:
            if self._established_ms is not None or not self._subscriptions.are_answered():
                return False
            self._subscriptions.established()
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
        """The message that waited longest was sent, in the packet with this number."""
        with self._changed:
            message = self._outbox.popleft() if self._outbox else None
            if message is not None and message.qos:
                self._unacknowledged[packet] = Sent(message)

    def acknowledge(self, packet: int) -> None:
        """The broker has the message of that packet; one of QoS 0 need not be known."""
        with self._changed:
            if self._unacknowledged.pop(packet, None) is not None:
                self._fruitless = -1

    def has_messages(self) -> bool:
        """Whether a message waits, or is not acknowledged."""
        with self._changed:
            return bool(self._outbox or self._unacknowledged)

    def restart_waits(self) -> None:
        """The broker accepted us, and paho sends again what is not acknowledged."""
        with self._changed:
            for one in self._unacknowledged.values():
                one.restart()

    def take_unanswered(self) -> int | None:
        """The number of a message that is to be sent again on this connection, if there is one."""
        with self._changed:
            now_ms = machine.now_ms()
            for packet, one in self._unacknowledged.items():
                if now_ms - one.sent_ms >= rules.RESEND_AFTER_MS:
                    one.sent_ms = now_ms
                    return packet
            return None

    def take_unanswered_request(self) -> tuple[int, list[tuple[str, int]]] | None:
        """The number and the filters of a SUBSCRIBE that is to be sent again, if there is one."""
        with self._changed:
            return self._subscriptions.take_unanswered(machine.now_ms())

    def has_overdue(self) -> bool:
        """Whether a message waits for its acknowledgement for too long; follow a True with the end of the connection.

        AWS IoT discards what is sent too fast, without an answer.
        """
        with self._changed:
            before_ms = machine.now_ms() - rules.ACKNOWLEDGE_WITHIN_MS
            overdue = [one for one in self._unacknowledged.values() if one.first_ms < before_ms]
            for one in overdue:
                one.times_overdue += 1
            return bool(overdue)

    def listeners(self, topic: str) -> list[Callback]:
        """The callbacks for a message on this topic."""
        with self._changed:
            return self._subscriptions.listeners(topic)

    def acquit_filters(self) -> None:
        """We are about to hang up, and no filter is the reason."""
        with self._changed:
            self._subscriptions.lose(hung_up=False)

    def lose(self, loss: Loss, *, was_accepted: bool) -> tuple[int | None, str]:
        """The connection ended; returns for how long it was established, or None, and what `Filters.lose` does."""
        with self._changed:
            began_ms = self._established_ms
            self.loss = loss
            self._established_ms = None
            self._leaving = []
            # AWS IoT may refuse a filter by hanging up: if we asked again at every reconnect, that would never end.
            found = self._subscriptions.lose(hung_up=True)
            self._changed.notify_all()
            # An accepted connection is enough: messages sent before go out again right away.
            if was_accepted and self._unacknowledged:
                self._fruitless += 1
        return (None if began_ms is None else machine.now_ms() - began_ms), found

    def take_back(self) -> bool:
        """While a filter is looked for that ends connections, what is not acknowledged waits again.

        Else paho would send it before the filters are granted. Returns whether there was something.
        """
        with self._changed:
            sent = list(self._unacknowledged.values())
            if not sent or not self._subscriptions.is_suspicious():
                return False
            self._outbox.extendleft(one.message for one in reversed(sent))
            self._unacknowledged.clear()
            return True

    def take_stuck(self) -> Message | None:
        """The message that probably nobody will acknowledge, if there is one; those sent after it wait again."""
        with self._changed:
            sent = list(self._unacknowledged.values())
            stuck = [one for one in sent if one.times_overdue >= rules.MAX_FRUITLESS]
            if self._fruitless >= rules.MAX_FRUITLESS:
                stuck = sent[:1]
            if not stuck:
                return None
            sent.remove(stuck[0])
            self._outbox.extendleft(one.message for one in reversed(sent))
            self._unacknowledged.clear()
            self._fruitless = 0
            return stuck[0].message

    def end(self) -> None:
        """The network thread has stopped trying."""
        with self._changed:
            self._is_open = False
            self._is_trying = False
            self._established_ms = None
            self._subscriptions.lose(hung_up=False)
            self._changed.notify_all()
