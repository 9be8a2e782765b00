"""Which topics a filter matches, and which filters to ask the broker for next, by what it said of each.

Nothing here sends, and nothing waits.

Each connection asks for every filter, in batches. A filter that is refused is asked for again on the same connection,
later each time. AWS IoT hangs up on a filter that the device's policy forbids: after some connections that ended like
this the filters are asked for one at a time, and the one that ends two of those is asked for seldom from then on.
"""

from aws.iot.mqtt import rules
from fota import machine
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNASKED, ASKED, GRANTED, REFUSED = 0, 1, 2, 3


def matches(topic_filter: str, topic: str) -> bool:
    """Whether the filter lets a message on `topic` through; MQTT 3.1.1, section 4.7.

    Both must be valid, as `check_filter` and `check_topic` see it: of others the answer says nothing.
    """
    # A wildcard at the start does not match a topic of the broker's own: section 4.7.2.
    if topic[:1] == "$" and topic_filter[:1] in "+#":
        return False
    levels = topic.split("/")
    for wanted in topic_filter.split("/"):
        if wanted == "#":
            return True
        if not levels or wanted not in ("+", levels.pop(0)):
            return False
    return not levels


class Filter:
    """One filter, and what the broker said of it on the present connection."""

    def __init__(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int) -> None:
        self.topic_filter = topic_filter
        self.callback = callback
        self.qos = qos
        self.state = UNASKED
        self.is_awaited = False
        """Whether a caller waits for the answer: after a loss it gets an error, and the filter is forgotten."""
        self.ask_at_ms: int = 0
        """Not asked for before this time."""
        self.wait_ms: int = 0
        """The last wait after a refusal; 0: it was granted when it was last answered for."""
        self.hang_ups = 0
        """How many connections in a row ended while this one alone was asked for."""

    def put_off(self, waits_ms: "tuple[int, int]", fraction: float) -> None:
        """Ask for it after a time that doubles from the first of `waits_ms` to the last, or up to twice as long."""
        self.wait_ms = min(max(waits_ms[0], 2 * self.wait_ms), waits_ms[1])
        self.ask_at_ms = machine.now_ms() + int(self.wait_ms * (1 + fraction))


class Filters:
    """Every filter that is remembered, the oldest first."""

    def __init__(self) -> None:
        self.all: "list[Filter]" = []
        # How many connections in a row ended before the broker had answered for every filter.
        self._hang_ups = 0

    def find(self, topic_filter: str) -> "Filter | None":
        """The filter of that text, if it is remembered."""
        for one in self.all:
            if one.topic_filter == topic_filter:
                return one
        return None

    def remember(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int) -> Filter:
        """Add the filter, or replace it: it is then asked for again."""
        self.forget(topic_filter)
        self.all.append(Filter(topic_filter, callback, qos))
        return self.all[-1]

    def forget(self, topic_filter: str) -> None:
        """Want it no longer; it need not be known."""
        self.all = [one for one in self.all if one.topic_filter != topic_filter]

    def drop(self, unwanted: Filter) -> None:
        """The same for one that may have been replaced since."""
        self.all = [one for one in self.all if one is not unwanted]

    def is_suspicious(self) -> bool:
        """Whether a filter is looked for that the broker hangs up on; no message must be on its way meanwhile."""
        return self._hang_ups >= rules.HANG_UPS_BEFORE_SEARCH

    def due(self) -> "list[Filter]":
        """The filters to ask for now: at most one batch, and one alone where it may end the connection."""
        now_ms = machine.now_ms()
        asked = [one for one in self.all if one.state == ASKED]
        waiting = [one for one in self.all if one.state in (UNASKED, REFUSED) and one.ask_at_ms <= now_ms]
        harmless = [one for one in waiting if not one.hang_ups]
        new = [one for one in harmless if one.state == UNASKED]
        if new and not self.is_suspicious() and not [one for one in asked if one.hang_ups]:
            return new[: rules.MAX_FILTERS]
        if asked:
            return []
        if harmless and not self.is_suspicious():
            return harmless[: rules.MAX_FILTERS]
        return (harmless or waiting)[:1]

    def answer(self, batch: "Sequence[Filter]", granted: "Sequence[bool]") -> "tuple[list[str], list[str]]":
        """The broker answered for a batch; the filters that it refused, and those that it had refused before.

        A filter for which there is no answer is refused.
        """
        refused: "list[str]" = []
        regained: "list[str]" = []
        # One for all, so that they fall due together.
        fraction = machine.random_fraction()
        for position, one in enumerate(batch):
            if position < len(granted) and granted[position]:
                if one.wait_ms:
                    regained.append(one.topic_filter)
                one.state = GRANTED
                one.ask_at_ms = one.wait_ms = one.hang_ups = 0
            else:
                refused.append(one.topic_filter)
                one.state = REFUSED
                one.put_off(rules.ASK_REFUSED_MS, fraction)
        return refused, regained

    def are_answered(self) -> bool:
        """Whether the broker answered for everything that is to be asked for now."""
        return not [one for one in self.all if one.state == ASKED] and not self.due()

    def established(self) -> None:
        """The connection stands, with every filter that could be had."""
        self._hang_ups = 0

    def lose(self, *, hung_up: bool) -> str:
        """The connection is lost: nothing is subscribed. Returns the filter that ended it, if one is found, else "".

        hung_up: it ended without our doing, so that a filter may be the reason.
        """
        self.all, awaited = (
            [one for one in self.all if not one.is_awaited],
            [one for one in self.all if one.is_awaited],
        )
        for one in awaited:
            one.is_awaited = False
        asked = [one for one in self.all if one.state == ASKED]
        found = ""
        if hung_up and asked and not awaited:
            if len(asked) == 1 and (self.is_suspicious() or asked[0].hang_ups):
                asked[0].hang_ups += 1
                if asked[0].hang_ups > 1:
                    asked[0].put_off(rules.ASK_FORBIDDEN_MS, machine.random_fraction())
                    found = asked[0].topic_filter
                    self._hang_ups = -1
            self._hang_ups += 1
        for one in self.all:
            one.state = UNASKED
            if one.hang_ups < 2:
                one.ask_at_ms = 0
        return found


def tell(refused: "Sequence[str]", regained: "Sequence[str]", found: str = "") -> None:
    """Log what the broker said of filters."""
    if refused:
        log("subscribe-refused", topics=", ".join(refused))
    if regained:
        log("subscribed-again", topics=", ".join(regained))
    if found:
        log("subscribe-refused", topics=found, problem="the broker hangs up on it: does the policy allow it?")
