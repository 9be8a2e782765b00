"""The program's client of paho-mqtt, lent to a connection.

The client stays the program's object, and gets another class: one that inherits from its own. Its callbacks are the
program's followed by ours, and the program may set them at any time. A message that the connection subscribed to goes
to the program's callbacks too where the program subscribed to it itself.

Paho forgets no message of QoS 1, and shares no callback for messages, so this file uses members of paho that are
private; a test sees that they do their work.
"""

import socket
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode

from aws.iot.connections._events_cpython import ClientAnswer, ClientEvents, ProgramsFilters
from aws.iot.connections._lent_session_cpython import LentSession
from aws.iot.connections.borrowed_cpython import BorrowedConnection
from aws.iot.mqtt import pace
from aws.iot.mqtt._messages_cpython import Message
from aws.iot.mqtt._subscriptions_cpython import wanted
from aws.iot.mqtt.filters import Filter

PahoClient = TypeVar("PahoClient", bound=Client)
_REFUSED = 0x80


def over(client: PahoClient) -> BorrowedConnection[PahoClient]:
    """See `aws.iot.connections.over_paho`."""
    if not isinstance(client, Client):
        raise TypeError(f"client: expected a paho.mqtt.client.Client, got {type(client).__name__}")
    if isinstance(client, SharedPaho):
        raise ValueError("client: it has a connection already")  # noqa: TRY004 - its type is right
    session = LentSession()
    events = ClientEvents(session)
    programs = ProgramsFilters(session.ask_again, sees_all=not client.is_connected())
    kind = type(client)
    client.__class__ = type(kind.__name__, (SharedPaho, kind), {})
    if not isinstance(client, SharedPaho):
        raise TypeError(f"client: {kind.__name__} cannot be inherited from")
    client._shared = LentPaho(client, events, programs)
    if client.is_connected():
        events.accepted(client.socket())
    return BorrowedConnection(client, client._shared, session, events)


def _with_ours(name: str) -> property:
    """The property for a callback: what it returns calls the program's one, and then ours."""
    programs_own: property = getattr(Client, name)

    def both(client: Any) -> Callable[..., None]:  # Any: the class that has the property comes below.
        programs = programs_own.__get__(client)

        def call(*given: Any) -> None:  # Any: the arguments differ with the version of MQTT and of the callbacks.
            try:
                if programs is not None:
                    programs(*given)
            finally:
                getattr(client._shared, name)(*given)

        return call

    return property(both, programs_own.fset)


class SharedPaho(Client):
    """What is put before the class of the program's client."""

    _shared: "LentPaho"

    on_pre_connect = _with_ours("on_pre_connect")
    on_connect = _with_ours("on_connect")
    on_disconnect = _with_ours("on_disconnect")
    on_subscribe = _with_ours("on_subscribe")
    on_publish = _with_ours("on_publish")

    def subscribe(self, topic: Any, *options: Any, **named: Any) -> "tuple[MQTTErrorCode, int | None]":
        """The program subscribes."""
        self._shared.programs.subscribed(_names(topic))
        return super().subscribe(topic, *options, **named)

    def unsubscribe(self, topic: Any, *options: Any, **named: Any) -> "tuple[MQTTErrorCode, int | None]":
        """The program unsubscribes."""
        left = super().unsubscribe(topic, *options, **named)
        self._shared.programs.unsubscribed(list(_names(topic)))
        self._shared.events.wake()
        return left

    def ask(self, batch: Sequence[Filter]) -> int | None:
        """The connection subscribes."""
        return super().subscribe(wanted(list(batch)))[1]

    def quit(self, topic_filters: list[str]) -> None:
        """The connection unsubscribes."""
        super().unsubscribe(topic_filters)

    def drop(self, numbers: Collection[int]) -> None:
        """Forget those messages, which are not acknowledged."""
        with self._out_message_mutex:
            for message in [self._out_messages.pop(one) for one in numbers if one in self._out_messages]:
                # Those that wait for their acknowledgement count as on their way.
                self._inflight_messages -= message.state.name == "MQTT_MS_WAIT_FOR_PUBACK"

    def _handle_on_message(self, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        is_ours = self._shared.events.received(topic, bytes(message.payload))
        if not is_ours or self._shared.programs.want(topic):
            super()._handle_on_message(message)


class LentPaho:
    """See `LentClient`. The callbacks are paho's, whose arguments differ with the version of MQTT and of its API."""

    def __init__(self, client: SharedPaho, events: ClientEvents, programs: ProgramsFilters) -> None:
        self.events = events
        self.programs = programs
        self._client = client
        self._client_id = client._client_id.decode()

    def where(self) -> str:
        """Host and port."""
        return f"{self._client.host}:{self._client.port}"

    def subscribe(self, batch: Sequence[Filter]) -> int | None:
        """Ask for the filters."""
        return self._client.ask(batch)

    def unsubscribe(self, topic_filters: Collection[str]) -> None:
        """Leave them."""
        if left := self.programs.without(topic_filters):
            self._client.quit(left)

    def publish(self, message: Message) -> int | None:
        """Send it."""
        sent = self._client.publish(*message)
        if sent.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            return None
        return sent.mid

    def leave(self) -> bool:
        """End the connection: paho sees that, and makes another."""
        present = self._client.socket()
        if isinstance(present, socket.socket):
            # Not that of TLS, which would wait for the other end; paho's thread reads from it.
            socket.socket.shutdown(present, socket.SHUT_RDWR)
        elif present is not None:
            present.close()
        return True

    def forget(self, numbers: Collection[int]) -> None:
        """Send none of those messages again."""
        self._client.drop(numbers)

    def on_pre_connect(self, *_: object) -> None:
        """Wait until AWS IoT takes the next CONNECT."""
        time.sleep(pace.connect_wait_ms(self._client_id) / 1000)
        pace.note_connect(self._client_id)

    def on_connect(self, _client: object, _userdata: object, flags: Any, reason: object, *_: object) -> None:
        """The broker has answered."""
        if reason == 0:
            is_resumed = flags["session present"] if isinstance(flags, dict) else flags.session_present
            if is_resumed:
                # It has subscriptions that were made in another life of the program.
                self.programs.sees_all = False
            self.events.accepted(self._client.socket())

    def on_disconnect(self, *_: object) -> None:
        """The connection has ended."""
        self.events.lost()

    def on_subscribe(self, _client: object, _userdata: object, number: int, codes: Iterable[Any], *_: object) -> None:
        """The broker has answered a SUBSCRIBE, ours or the program's."""
        self.events.answered(ClientAnswer(number, [getattr(code, "value", code) < _REFUSED for code in codes]))

    def on_publish(self, _client: object, _userdata: object, number: int, *given: Any) -> None:
        """The broker has answered a message, ours or the program's."""
        reason = given[0] if given else 0
        is_refused = getattr(reason, "value", 0) >= _REFUSED
        self.events.answered(ClientAnswer(number, problem=f"the broker refused it: {reason}" if is_refused else ""))


def _names(topic: Any) -> Iterable[str]:
    """The filters in any of the forms that paho takes."""
    if isinstance(topic, (str, tuple)):
        topic = [topic]
    return (one if isinstance(one, str) else one[0] for one in topic or ())
