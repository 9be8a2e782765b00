"""A session on a client that is not ours: the client may keep a message, or give it back.

`aws.iot.mqtt._session_cpython` has what every session knows.
"""

from collections.abc import Collection

from aws.iot.mqtt import rules
from aws.iot.mqtt._session_cpython import Session
from aws.iot.mqtt._subscriptions_cpython import Callback
from aws.iot.mqtt.filters import UNASKED
from fota import machine
from fota.log import log


class LentSession(Session):
    """Messages go back and forth between those that wait and those that the client has."""

    def sent(self) -> list[int]:
        """The numbers of the messages that the client has and that are not acknowledged."""
        with self._changed:
            return list(self._unacknowledged)

    def has_room(self) -> bool:
        """Whether the client may be given one more."""
        return len(self.sent()) < rules.MAX_UNACKNOWLEDGED_CPYTHON

    def give_back(self, packets: Collection[int] | None = None) -> None:
        """The client will not send those again, by default all that it has: they wait again, before the others."""
        with self._changed:
            numbers = [one for one in self._unacknowledged if packets is None or one in packets]
            returned = [self._unacknowledged.pop(one).message for one in numbers]
            self._outbox.extendleft(reversed(returned))

    def overdue(self) -> list[int]:
        """The numbers of the messages that were not acknowledged in time."""
        with self._changed:
            before_ms = machine.now_ms() - rules.ACKNOWLEDGE_WITHIN_MS
            return [number for number, one in self._unacknowledged.items() if one.first_ms < before_ms]

    def refuse(self, packet: int, problem: str) -> None:
        """The broker answered that it does not take the message, as MQTT 5 can: sending it again is of no use."""
        with self._changed:
            sent = self._unacknowledged.get(packet)
        if sent is not None:
            log("message-dropped", topic=sent.message.topic, problem=problem)
        self.acknowledge(packet)

    def ask_again(self, topic_filters: Collection[str]) -> None:
        """Somebody else has left those filters: ask for them, if they are wanted."""
        with self._changed:
            for one in self._subscriptions.all:
                if one.topic_filter in topic_filters:
                    one.state = UNASKED

    def listener_of(self, topic_filter: str) -> Callback | None:
        """The callback of one filter, if it is wanted."""
        with self._changed:
            found = self._subscriptions.find(topic_filter)
            return None if found is None else found.callback

    def topic_filters(self) -> list[str]:
        """Every filter that is wanted."""
        with self._changed:
            return [one.topic_filter for one in self._subscriptions.all]
