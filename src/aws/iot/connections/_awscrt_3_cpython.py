"""The program's `awscrt.mqtt.Connection`, for MQTT 3.1.1, lent to a connection.

It has one callback for each filter, so a filter that the program subscribes to as well has one that calls both. Its
callbacks for the connection are set while it is made, and members of it that are private keep them; a test sees that
they do their work.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from awscrt import mqtt

from aws.iot.connections._events_cpython import ClientAnswer, ProgramsFilters
from aws.iot.connections._futures_cpython import Futures, followed_by
from aws.iot.mqtt._messages_cpython import Message
from aws.iot.mqtt.filters import Filter

_CALLBACKS = ("_on_connection_success_cb", "_on_connection_interrupted_cb", "_on_connection_closed_cb")


class LentConnection:
    """See `LentClient`."""

    def __init__(self, connection: Any, futures: Futures, programs: ProgramsFilters) -> None:  # Any: without types.
        self._subscribe, self._unsubscribe = connection.subscribe, connection.unsubscribe
        if "subscribe" in vars(connection):
            raise ValueError("client: it has a connection already")
        self._connection = connection
        self._futures = futures
        self._programs = programs
        self._callbacks: dict[str, Callable[..., None] | None] = {}
        """The program's own, for each filter."""
        connection.subscribe = self._programs_subscribe
        connection.unsubscribe = self._programs_unsubscribe
        for name, ours in zip(_CALLBACKS, (self._on_success, self._on_end, self._on_end), strict=True):
            setattr(connection, name, followed_by(getattr(connection, name), ours))

    def where(self) -> str:
        """Host and port."""
        return f"{self._connection.host_name}:{self._connection.port}"

    def subscribe(self, batch: Sequence[Filter]) -> int | None:
        """Ask for the filters one by one: awscrt knows no other way with a callback for each."""
        number = self._futures.number()
        answers: list[bool | None] = [None] * len(batch)
        for position, one in enumerate(batch):
            heard = partial(self._on_message, one.topic_filter)
            future, _ = self._subscribe(one.topic_filter, mqtt.QoS(one.qos), heard)
            future.add_done_callback(partial(self._on_suback, number, answers, position))
        return number

    def unsubscribe(self, topic_filters: Collection[str]) -> None:
        """Leave them."""
        for topic_filter in self._programs.without(topic_filters):
            self._unsubscribe(topic_filter)

    def publish(self, message: Message) -> int | None:
        """Send it."""
        future, _ = self._connection.publish(message.topic, message.body, mqtt.QoS(message.qos))
        return self._futures.watch_message(future)

    def leave(self) -> bool:
        """There is no way but to disconnect, which is the program's."""
        return False

    def forget(self, numbers: Collection[int]) -> None:
        """A connection with a clean session has forgotten them with its loss."""

    def _on_suback(self, number: int, answers: list[bool | None], position: int, ended: "Future[Any]") -> None:
        problem = ended.exception()
        if problem is not None and not isinstance(problem, mqtt.SubscribeError):
            # The connection was lost: that is no answer.
            return
        answers[position] = problem is None
        granted = [one for one in answers if one is not None]
        if len(granted) == len(answers):
            self._futures.events.answered(ClientAnswer(number, granted))

    def _on_message(self, topic_filter: str, topic: str, payload: bytes, **named: Any) -> None:
        self._futures.events.received_by(topic_filter, topic, bytes(payload))
        programs = self._callbacks.get(topic_filter)
        if programs is not None:
            programs(topic=topic, payload=payload, **named)

    def _programs_subscribe(self, topic: str, qos: Any, callback: Callable[..., None] | None = None) -> Any:
        self._programs.subscribed([topic])
        if callback is not None and self._connection._check_uses_old_message_callback_signature(callback):
            self._callbacks[topic] = lambda topic, payload, **_: callback(topic=topic, payload=payload)
        else:
            self._callbacks[topic] = callback
        return self._subscribe(topic, qos, partial(self._on_message, topic))

    def _programs_unsubscribe(self, topic: str) -> Any:
        self._callbacks.pop(topic, None)
        left = self._unsubscribe(topic)
        self._programs.unsubscribed([topic])
        self._futures.events.wake()
        return left

    def _on_success(self, *_: object, **__: object) -> None:
        self._futures.events.accepted(object())

    def _on_end(self, *_: object, **__: object) -> None:
        self._futures.events.lost()
