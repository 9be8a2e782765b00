"""Packets that wait to be sent, and those sent that the broker has not answered: in order, and bounded.

Sends nothing itself.
"""

from aws.iot import _mqtt_packets_micropython as packets
from aws.iot.errors import NotConnected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot._mqtt_routes_micropython import Route

MOST_PACKETS = 20
MOST_BYTES = packets.MOST_PACKET_BYTES
"""Of all together, so that one of the longest fits."""

RESEND_AFTER_MS = 20_000
"""Longer than the 15 s for which a slow broker of AWS Device Advisor withholds the answer to a message."""

ASK_AGAIN_AFTER_MS = 4_000


class Entry:
    """A packet. Without a `number` it is not answered; `batch` is what it subscribes to, None for a message."""

    def __init__(self, packet: bytearray, number: int, batch: "list[Route] | None") -> None:
        self.packet = packet
        self.number = number
        self.batch = batch
        self.sent_ms: "int | None" = None


class Outbox:
    """Entries, the oldest first."""

    def __init__(self) -> None:
        self.entries: "list[Entry]" = []
        self._number = 0

    def post(self, topic: str, payload: bytes, qos: int) -> None:
        """Have a message sent. *Raises* NotConnected when too much waits already."""
        held = sum([len(entry.packet) for entry in self.entries])
        if len(self.entries) >= MOST_PACKETS or held + len(payload) > MOST_BYTES:
            raise NotConnected(f"{topic}: {len(self.entries)} messages of {held} bytes wait already")
        number = self._new_number() if qos else 0
        self.entries.append(Entry(packets.publish(topic, payload, number), number, None))

    def ask(self, batch: "list[Route]") -> int:
        """Have filters subscribed to; returns the number of the packet. Always taken, since few are asked for."""
        number = self._new_number()
        filters = [(route.topic_filter, route.qos) for route in batch]
        self.entries.append(Entry(packets.subscribe(number, filters), number, batch))
        return number

    def renounce(self, topic_filter: str) -> None:
        """Have the broker told that a filter is not wanted; if too much waits, what comes of it is dropped."""
        if len(self.entries) < MOST_PACKETS:
            number = self._new_number()
            self.entries.append(Entry(packets.unsubscribe(number, topic_filter), number, []))

    def is_answered(self) -> bool:
        """Whether nothing but messages is here."""
        return all(entry.batch is None for entry in self.entries)

    def take_due(self, now_ms: int, *, with_messages: bool) -> "bytearray | None":
        """The next packet to send: one not sent on this connection, or for long without an answer."""
        for entry in self.entries:
            is_message = entry.batch is None
            if is_message and not with_messages:
                continue
            if entry.sent_ms is not None:
                if now_ms - entry.sent_ms < (RESEND_AFTER_MS if is_message else ASK_AGAIN_AFTER_MS):
                    continue
                if is_message:
                    packets.mark_repeated(entry.packet)
            entry.sent_ms = now_ms
            if not entry.number:
                self.entries.remove(entry)
            return entry.packet
        return None

    def take_answered(self, number: int) -> "Entry | None":
        """The packet of that number, which is answered now."""
        for entry in self.entries:
            if entry.number == number:
                self.entries.remove(entry)
                return entry
        return None

    def lose(self) -> None:
        """The connection is gone: messages are due again, what was asked for is forgotten."""
        self.entries = [entry for entry in self.entries if entry.batch is None]
        for entry in self.entries:
            if entry.sent_ms is not None:
                packets.mark_repeated(entry.packet)
                entry.sent_ms = None

    def _new_number(self) -> int:
        """A number that no packet here has, and that was not used for long."""
        while True:
            self._number = self._number % 0xFFFF + 1
            if all(entry.number != self._number for entry in self.entries):
                return self._number
