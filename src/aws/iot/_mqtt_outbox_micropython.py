"""What outlives a connection: the filters subscribed to, and packets that wait to be sent or answered, bounded.

Sends nothing itself.
"""

from aws.iot import _mqtt_packets_micropython as packets
from aws.iot.errors import NotConnected
from aws.iot.mqtt import MOST_FRUITLESS
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_PACKETS = 20

_RESEND_AFTER_MS = 20_000
"""Longer than the 15 s for which a slow broker of AWS Device Advisor withholds the answer to a message."""

_ASK_AGAIN_AFTER_MS = 4_000

_BATCH = 8
"""AWS IoT takes this many filters in one SUBSCRIBE; it closes the connection for more."""

# In the first byte of a message that is sent again; in the answer to a filter.
_REPEATED = 0x08
_REFUSED = 0x80


class Route:
    """One filter. `is_granted` is None until the broker has answered."""

    def __init__(self, topic_filter: str, callback: "Callable[[str, bytes], None]", qos: int) -> None:
        self.topic_filter = topic_filter
        self.callback = callback
        self.qos = qos
        self.is_granted: "bool | None" = None


class Entry:
    """A packet. Without a `number` it is not answered; `batch` is what it subscribes to, None for a message."""

    def __init__(self, packet: bytearray, number: int, batch: "list[Route] | None", topic: str = "") -> None:
        self.packet = packet
        self.number = number
        self.batch = batch
        self.topic = topic
        self.sent_ms: "int | None" = None


class Outbox:
    """Routes and entries, each the oldest first: lists, since dictionaries keep no order there."""

    def __init__(self) -> None:
        self.routes: "list[Route]" = []
        self.entries: "list[Entry]" = []
        self._number = 0
        # A message that wants an answer was sent on this connection.
        self._has_sent = False
        # So many connections in a row ended without an answer to one; -1 once this one had one.
        self._fruitless = 0

    def forget(self, topic_filter: str) -> None:
        """Want its messages no longer; it need not be known."""
        self.routes = [route for route in self.routes if route.topic_filter != topic_filter]

    def hand_out(self, name: bytes, payload: memoryview) -> None:
        """Have a message heard by everybody whose filter matches. What goes wrong with them is told, and no more."""
        try:
            topic = name.decode()
        except ValueError:
            log("message-dropped", topic="?", problem="its topic is not UTF-8")
            return
        is_heard = False
        for route in self.routes:
            if packets.matches(route.topic_filter, topic):
                is_heard = True
                try:
                    route.callback(topic, bytes(payload))
                except Exception as error:  # noqa: BLE001 - the application's code must not end the session
                    # Its kind alone: the text may quote the message, and a message may hold a presigned URL.
                    log("message-dropped", topic=topic, problem=type(error).__name__)
        if not is_heard:
            log("message-dropped", topic=topic, problem="nobody subscribed to it")

    def post(self, topic: str, payload: bytes, qos: int) -> None:
        """Have a message sent. *Raises* NotConnected when too much waits already."""
        held = 0
        for entry in self.entries:
            held += len(entry.packet)
        # All together may be as long as the longest packet, so that one such fits.
        if len(self.entries) >= _MOST_PACKETS or held + len(payload) > packets.MOST_PACKET_BYTES:
            raise NotConnected(f"{topic}: {len(self.entries)} messages of {held} bytes wait already")
        number = self._new_number() if qos else 0
        self.entries.append(Entry(packets.publish(topic, payload, number), number, None, topic))

    def ask(self, batch: "list[Route]") -> int:
        """Have filters subscribed to; returns the number of the packet. Always taken, since few are asked for."""
        number = self._new_number()
        self.entries.append(Entry(packets.subscribe(number, batch), number, batch))
        return number

    def renounce(self, topic_filter: str) -> None:
        """Have the broker told that a filter is not wanted; if too much waits, what comes of it is dropped."""
        if len(self.entries) < _MOST_PACKETS:
            number = self._new_number()
            self.entries.append(Entry(packets.unsubscribe(number, topic_filter), number, []))

    def ask_all(self) -> None:
        """Have every filter subscribed to, as they fit into packets."""
        for start in range(0, len(self.routes), _BATCH):
            self.ask(self.routes[start : start + _BATCH])

    def is_answered(self) -> bool:
        """Whether nothing but messages waits."""
        is_answered = True
        for entry in self.entries:
            if entry.batch is not None:
                is_answered = False
        return is_answered

    def take_due(self, now_ms: int, *, with_messages: bool) -> "bytearray | None":
        """The next packet to send: one not sent on this connection, or for long without an answer."""
        for entry in self.entries:
            is_message = entry.batch is None
            if is_message and not with_messages:
                continue
            if entry.sent_ms is not None:
                if now_ms - entry.sent_ms < (_RESEND_AFTER_MS if is_message else _ASK_AGAIN_AFTER_MS):
                    continue
                if is_message:
                    entry.packet[0] |= _REPEATED
            entry.sent_ms = now_ms
            self._has_sent = self._has_sent or (is_message and entry.number > 0)
            if not entry.number:
                self.entries.remove(entry)
            return entry.packet
        return None

    def take_answered(self, number: int) -> "list[Route]":
        """Drop the packet of that number, which is answered now; returns what it subscribes to."""
        entry = self._find(number)
        if entry is None:
            return []
        self.entries.remove(entry)
        if entry.batch is None:
            self._fruitless = -1
        return entry.batch or []

    def lose(self) -> None:
        """The connection is gone: messages are due again, what was asked for is forgotten.

        The one that waits longest is dropped when it may be what the broker hangs up on.
        """
        messages = []
        self._fruitless += self._has_sent
        is_stuck = self._has_sent and self._fruitless >= MOST_FRUITLESS
        self._has_sent = False
        for entry in self.entries:
            if entry.batch is None:
                if is_stuck and entry.sent_ms is not None:
                    is_stuck, self._fruitless = False, 0
                    log(
                        "message-dropped",
                        topic=entry.topic,
                        problem=f"not acknowledged on {MOST_FRUITLESS} connections",
                    )
                    continue
                messages.append(entry)
                if entry.sent_ms is not None:
                    # As if it had been without an answer for long: then it is marked as repeated, too.
                    entry.sent_ms -= _RESEND_AFTER_MS
        self.entries = messages

    def _find(self, number: int) -> "Entry | None":
        for entry in self.entries:
            if entry.number == number:
                return entry
        return None

    def _new_number(self) -> int:
        """A number that no packet here has, and that was not used for long."""
        while True:
            self._number = self._number % 0xFFFF + 1
            if self._find(self._number) is None:
                return self._number


def settle(batch: "list[Route]", codes: memoryview) -> None:
    """The broker answered for a batch: one code for each; without one it is refused."""
    refused = []
    for position, route in enumerate(batch):
        route.is_granted = position < len(codes) and codes[position] < _REFUSED
        if not route.is_granted:
            refused.append(route.topic_filter)
    if refused:
        log("subscribe-refused", topics=", ".join(refused))
