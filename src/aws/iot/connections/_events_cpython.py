"""What a client tells from its own threads, for the thread that tends it; and what is asked of a client.

Nothing here calls a client, and nothing that a client calls here waits for a lock that is held during a call of it.
"""

import queue
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from aws.iot.connections._lent_session_cpython import LentSession
from aws.iot.mqtt._messages_cpython import Message
from aws.iot.mqtt._subscriptions_cpython import hand_out
from aws.iot.mqtt.filters import Filter, matches


class LentClient(Protocol):
    """What a connection needs of the client below it. Numbers are the client's own, and not 0."""

    def where(self) -> str:
        """Host and port, for the log."""

    def subscribe(self, batch: Sequence[Filter]) -> int | None:
        """Ask for the filters; `answered` comes with this number. None: it cannot be asked now."""

    def unsubscribe(self, topic_filters: Collection[str]) -> None:
        """Leave them, unless the program itself subscribed to them."""

    def publish(self, message: Message) -> int | None:
        """Send it; `acknowledged` or `failed` comes with this number. None: the client takes no more now."""

    def leave(self) -> bool:
        """End a connection that is silent, so that the client makes another. False: it offers no way."""

    def forget(self, numbers: Collection[int]) -> None:
        """Send those messages, which are not acknowledged, never again, as far as the client allows that."""


class ClientAnswer(NamedTuple):
    """Of a broker to a SUBSCRIBE (`granted`, for each of its filters) or to a message (`problem`: it was refused)."""

    number: int
    granted: Sequence[bool] | None = None
    problem: str = ""
    has_failed: bool = False


class ClientEvents:
    """Filled from any thread; emptied by the one that tends."""

    def __init__(self, session: LentSession) -> None:
        self.link: object | None = None
        """The present connection of the client once the broker has accepted it: another object for each one."""
        self.is_heard = False
        """Whether somebody tends: else nobody would empty the queue."""
        self._session = session
        self._answers: queue.SimpleQueue[ClientAnswer | None] = queue.SimpleQueue()

    def accepted(self, link: object) -> None:
        """The broker accepted the client."""
        self.link = link
        self.wake()

    def lost(self) -> None:
        """The client has no connection."""
        self.link = None
        self.wake()

    def answered(self, answer: ClientAnswer) -> None:
        """The broker answered, or the client gave up."""
        if self.is_heard:
            self._answers.put(answer)

    def wake(self) -> None:
        """There is something to do."""
        if self.is_heard:
            self._answers.put(None)

    def received(self, topic: str, payload: bytes) -> bool:
        """Hand out a message; returns whether a filter of the connection matches it."""
        listeners = self._session.listeners(topic) if self.is_heard else []
        if listeners:
            hand_out(listeners, topic, payload)
            self._session.arrivals.add()
        return bool(listeners)

    def received_by(self, topic_filter: str, topic: str, payload: bytes) -> None:
        """The same where the client has a callback for each filter."""
        listener = self._session.listener_of(topic_filter) if self.is_heard else None
        if listener is not None:
            hand_out([listener], topic, payload)
            self._session.arrivals.add()

    def take(self, timeout_s: float) -> list[ClientAnswer]:
        """The answers since the last call; waits for the first event."""
        taken: list[ClientAnswer] = []
        try:
            one = self._answers.get(timeout=timeout_s)
            while True:
                taken += [one] if one is not None else []
                one = self._answers.get_nowait()
        except queue.Empty:
            return taken


class ProgramsFilters:
    """What the program itself subscribed to with its client, as far as that was seen."""

    def __init__(self, ask_again: Callable[[Collection[str]], None], *, sees_all: bool) -> None:
        self.sees_all = sees_all
        """False: it may have subscribed before this was made, and may want any message."""
        self._filters: set[str] = set()
        self._ask_again = ask_again

    def subscribed(self, topic_filters: Iterable[str]) -> None:
        """The program subscribes to them."""
        self._filters.update(topic_filters)

    def unsubscribed(self, topic_filters: Collection[str]) -> None:
        """The program has left them; the connection asks again for one that it needs itself."""
        self._filters.difference_update(topic_filters)
        self._ask_again(topic_filters)

    def without(self, topic_filters: Iterable[str]) -> list[str]:
        """Those that the program does not need."""
        return [one for one in topic_filters if one not in self._filters]

    def want(self, topic: str) -> bool:
        """Whether the program is to hear a message that the connection hears."""
        return not self.sees_all or any(matches(one, topic) for one in self._filters.copy())
