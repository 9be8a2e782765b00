"""Keeps what outlives a connection: a bounded number of packets that wait to be sent or answered, and the filters.

It sends nothing itself.
"""

from aws.iot.errors import QueueFull
from aws.iot.mqtt import _packets_micropython as packets
from aws.iot.mqtt import rules
from aws.iot.mqtt.filters import ASKED, Filter, Filters, matches, tell
from fota.log import log

# The bit in the first byte of a message that is sent again; the code in the answer to a filter.
_REPEATED = 0x08
_REFUSED = 0x80


class Packet:
    """A packet. Without a `number` it is not answered; `batch` is what it subscribes to, None for a message."""

    def __init__(self, packet: bytearray, number: int, batch: "list[Filter] | None", topic: str = "") -> None:
        self.packet = packet
        self.number = number
        self.batch = batch
        self.topic = topic
        self.sent_ms: "int | None" = None
        self.first_ms = 0
        # On how many connections it waited too long for its acknowledgement.
        self.overdue = 0


class Outbox:
    """The entries are the oldest first: a list, since dictionaries keep no order there."""

    def __init__(self) -> None:
        self.filters = Filters()
        self.entries: "list[Packet]" = []
        self._number = 0
        # Whether a message that wants an answer was sent on this connection.
        self._has_sent = False
        # How many connections in a row ended without an answer to a message; -1 once this one had an answer.
        self._fruitless = 0

    def hand_out(self, name: bytes, payload: memoryview) -> None:
        """Hand a message to every callback whose filter matches. An exception in one is only logged."""
        try:
            topic = name.decode()
        except ValueError:
            log("message-dropped", topic="?", problem="its topic is not UTF-8")
            return
        is_heard = False
        for one in self.filters.all:
            if matches(one.topic_filter, topic):
                is_heard = True
                try:
                    one.callback(topic, bytes(payload))
                except Exception as error:  # noqa: BLE001 - the application's code must not end the session
                    # Only the type is logged: the text may quote the message, and a message may hold a presigned URL.
                    log("message-dropped", topic=topic, problem=type(error).__name__)
        if not is_heard:
            log("message-dropped", topic=topic, problem="nobody subscribed to it")

    def post(self, topic: str, payload: bytes, qos: int) -> None:
        """Queue a message. *Raises* QueueFull."""
        held = 0
        for entry in self.entries:
            held += len(entry.packet)
        # All together may be as long as the longest packet, so that such a packet fits.
        if len(self.entries) >= rules.MAX_WAITING_MICROPYTHON or held + len(payload) > packets.MAX_PACKET_BYTES:
            raise QueueFull(f"{topic}: {len(self.entries)} messages of {held} bytes wait already")
        number = self._new_number() if qos else 0
        self.entries.append(Packet(packets.publish(topic, payload, number), number, None, topic))

    def ask(self, batch: "list[Filter]") -> int:
        """Queue a SUBSCRIBE; returns the number of the packet. It is always accepted, since there are few filters."""
        number = self._new_number()
        for one in batch:
            one.state = ASKED
        self.entries.append(Packet(packets.subscribe(number, batch), number, batch))
        return number

    def renounce(self, topic_filter: str) -> None:
        """Queue an UNSUBSCRIBE; if too much waits already, the filter's messages are only dropped as they come."""
        if len(self.entries) < rules.MAX_WAITING_MICROPYTHON:
            number = self._new_number()
            self.entries.append(Packet(packets.unsubscribe(number, topic_filter), number, []))

    def take_due(self, now_ms: int, *, with_messages: bool) -> "bytearray | None":
        """The next packet to send, filters to ask for included: not yet sent here, or without an answer for long."""
        batch = self.filters.due()
        while batch:
            self.ask(batch)
            batch = self.filters.due()
        for entry in self.entries:
            is_message = entry.batch is None
            if is_message and not with_messages:
                continue
            if entry.sent_ms is not None:
                if now_ms - entry.sent_ms < (rules.RESEND_AFTER_MS if is_message else rules.ASK_AGAIN_AFTER_MS):
                    continue
                if is_message:
                    entry.packet[0] |= _REPEATED
            if not entry.first_ms:
                entry.first_ms = now_ms
            entry.sent_ms = now_ms
            self._has_sent = self._has_sent or (is_message and entry.number > 0)
            if not entry.number:
                self.entries.remove(entry)
            return entry.packet
        return None

    def check_acknowledged(self, now_ms: int) -> None:
        """*Raises* OSError when a message has waited too long for its acknowledgement on this connection."""
        for entry in self.entries:
            if entry.batch is None and entry.first_ms and now_ms - entry.first_ms > rules.ACKNOWLEDGE_WITHIN_MS:
                entry.overdue += 1
                raise OSError(f"the broker did not acknowledge a message within {rules.ACKNOWLEDGE_WITHIN_MS} ms")

    def take_answered(self, number: int) -> "list[Filter]":
        """Drop the packet of that number, which is answered now; returns what it subscribes to."""
        entry = self._find(number)
        if entry:
            self.entries.remove(entry)
            if entry.batch is not None:
                return entry.batch
            self._fruitless = -1
        return []

    def settle(self, body: memoryview) -> bool:
        """The broker answered a packet; returns whether a filter is granted now that was refused before."""
        batch = self.take_answered(packets.answered(body))
        refused, regained = self.filters.answer(batch, [code < _REFUSED for code in body[2:]])
        tell(refused, regained)
        return bool(regained)

    def lose(self, *, hung_up: bool) -> None:
        """The connection is lost, by our doing or not: messages are due again, other requests are forgotten.

        The message that waits longest is dropped when it may be the reason why the broker hangs up.
        """
        tell((), (), self.filters.lose(hung_up=hung_up))
        messages = []
        self._fruitless += self._has_sent
        is_stuck = self._has_sent and self._fruitless >= rules.MAX_FRUITLESS
        self._has_sent = False
        for entry in self.entries:
            if entry.batch is None:
                if (is_stuck and entry.sent_ms is not None) or entry.overdue >= rules.MAX_FRUITLESS:
                    is_stuck, self._fruitless = False, 0
                    log(
                        "message-dropped",
                        topic=entry.topic,
                        problem=f"not acknowledged on {rules.MAX_FRUITLESS} connections",
                    )
                    continue
                messages.append(entry)
                entry.first_ms = 0
                if entry.sent_ms is not None:
                    # Treated like one without an answer for long, so that it is marked as repeated too.
                    entry.sent_ms -= rules.RESEND_AFTER_MS
        self.entries = messages

    def _find(self, number: int) -> "Packet | None":
        for entry in self.entries:
            if entry.number == number:
                return entry
        return None

    def _new_number(self) -> int:
        """A number that no packet here has, and that was not used for long."""
        while True:
            number = self._number = self._number % 0xFFFF + 1
            if not self._find(number):
                return number
