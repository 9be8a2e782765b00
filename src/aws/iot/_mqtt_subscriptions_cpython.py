"""Which filters are subscribed to, who hears their messages, and how each stands with the broker.

A ledger: it sends nothing and locks nothing; its user does both. What is remembered outlives a
connection; how it stands does not.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from paho.mqtt.client import topic_matches_sub

BATCH = 8
"""AWS IoT takes this many filters in one SUBSCRIBE; it closes the connection for more."""

Callback = Callable[[str, bytes], None]
Standing = Literal["asked", "granted", "refused"]


class _Route(NamedTuple):
    callback: Callback
    qos: int


class Subscriptions:
    """Every filter that is remembered, and its standing in the connection of now."""

    def __init__(self) -> None:
        self._routes: dict[str, _Route] = {}
        self._standing: dict[str, Standing] = {}
        self._requests: dict[int, list[str]] = {}

    def remember(self, topic_filter: str, callback: Callback, qos: int) -> None:
        """Want this filter from now on; one that stands already is asked for anew."""
        self._routes[topic_filter] = _Route(callback, qos)
        self._standing.pop(topic_filter, None)

    def forget(self, topic_filter: str) -> None:
        """Want it no longer; it need not be known."""
        self._routes.pop(topic_filter, None)
        self._standing.pop(topic_filter, None)

    def forget_all(self) -> None:
        """Want nothing."""
        self._routes.clear()
        self.lose()

    def unasked(self) -> list[tuple[str, int]]:
        """Filters with their QoS that the broker was not asked for yet: at most one batch."""
        waiting = [(name, route.qos) for name, route in self._routes.items() if name not in self._standing]
        return waiting[:BATCH]

    def ask(self, request: int, batch: list[tuple[str, int]]) -> None:
        """The batch was sent in the packet numbered `request`."""
        self._requests[request] = [name for name, _ in batch]
        self._standing.update((name, "asked") for name, _ in batch)

    def answer(self, request: int, granted: list[bool]) -> list[str]:
        """The broker answered; returns the filters that it refused, and those it says nothing of."""
        refused = []
        names = self._requests.pop(request, [])
        for position, name in enumerate(names):
            is_granted = position < len(granted) and granted[position]
            if name in self._standing:
                self._standing[name] = "granted" if is_granted else "refused"
            if not is_granted:
                refused.append(name)
        return refused

    def lose(self) -> None:
        """The connection is gone, and with it how everything stood."""
        self._standing.clear()
        self._requests.clear()

    def standing(self, topic_filter: str) -> Standing | None:
        """What the broker said of it; None if it was not asked, or the filter is not remembered."""
        return self._standing.get(topic_filter)

    def are_answered(self) -> bool:
        """Whether the broker answered for everything that is remembered."""
        return all(self._standing.get(name) in ("granted", "refused") for name in self._routes)

    def listeners(self, topic: str) -> list[Callback]:
        """Who hears a message on this topic."""
        return [route.callback for name, route in self._routes.items() if topic_matches_sub(name, topic)]
