"""A client of `awscrt.mqtt5` that is the program's, lent to a connection.

It is made here, since it takes its callbacks then. One callback gets every message: one
that the connection subscribed to goes to the program's callback too where the program subscribed to it itself.
"""

import dataclasses
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from awscrt import mqtt5

from aws.iot.connections._events_cpython import ClientAnswer, ProgramsFilters
from aws.iot.connections._futures_cpython import Futures, followed_by
from aws.iot.mqtt._messages_cpython import Message
from aws.iot.mqtt.filters import Filter

_REFUSED = 0x80


class LentMqtt5:
    """See `LentClient`."""

    def __init__(self, options: Any, futures: Futures, programs: ProgramsFilters) -> None:  # Any: without types.
        self._options = options
        self._futures = futures
        self._programs = programs
        self._programs_on_message = options.on_publish_callback_fn
        self.client: Any = mqtt5.Client(
            dataclasses.replace(
                options,
                on_publish_callback_fn=self._on_message,
                on_lifecycle_event_connection_success_fn=followed_by(
                    options.on_lifecycle_event_connection_success_fn, self._on_success
                ),
                on_lifecycle_event_disconnection_fn=followed_by(
                    options.on_lifecycle_event_disconnection_fn, self._on_end
                ),
                on_lifecycle_event_stopped_fn=followed_by(options.on_lifecycle_event_stopped_fn, self._on_end),
            )
        )
        self._subscribe, self._unsubscribe = self.client.subscribe, self.client.unsubscribe
        self.client.subscribe = self._programs_subscribe
        self.client.unsubscribe = self._programs_unsubscribe

    def where(self) -> str:
        """Host and port."""
        return f"{self._options.host_name}:{self._options.port}"

    def subscribe(self, batch: Sequence[Filter]) -> int | None:
        """Ask for the filters."""
        number = self._futures.number()
        filters = [mqtt5.Subscription(one.topic_filter, mqtt5.QoS(one.qos)) for one in batch]
        future = self._subscribe(mqtt5.SubscribePacket(filters))
        future.add_done_callback(partial(self._on_suback, number))
        return number

    def unsubscribe(self, topic_filters: Collection[str]) -> None:
        """Leave them."""
        if left := self._programs.without(topic_filters):
            self._unsubscribe(mqtt5.UnsubscribePacket(left))

    def publish(self, message: Message) -> int | None:
        """Send it."""
        packet = mqtt5.PublishPacket(topic=message.topic, payload=message.body, qos=mqtt5.QoS(message.qos))
        return self._futures.watch_message(self.client.publish(packet), _problem)

    def leave(self) -> bool:
        """There is no way but to stop the client, which is the program's."""
        return False

    def forget(self, numbers: Collection[int]) -> None:
        """A client that fails all on a disconnect has forgotten them with its loss."""

    def _on_suback(self, number: int, ended: "Future[Any]") -> None:
        # An error is the loss of the connection, or no answer in time: that is not the broker's.
        if ended.exception() is None:
            codes = ended.result().reason_codes
            self._futures.events.answered(
                ClientAnswer(number, [code is not None and code < _REFUSED for code in codes])
            )

    def _on_message(self, data: Any) -> None:
        packet = data.publish_packet
        is_ours = self._futures.events.received(packet.topic, bytes(packet.payload or b""))
        if self._programs_on_message is not None and (not is_ours or self._programs.want(packet.topic)):
            self._programs_on_message(data)

    def _programs_subscribe(self, subscribe_packet: Any) -> Any:
        self._programs.subscribed([one.topic_filter for one in subscribe_packet.subscriptions])
        return self._subscribe(subscribe_packet)

    def _programs_unsubscribe(self, unsubscribe_packet: Any) -> Any:
        left = self._unsubscribe(unsubscribe_packet)
        self._programs.unsubscribed(list(unsubscribe_packet.topic_filters))
        self._futures.events.wake()
        return left

    def _on_success(self, data: Any) -> None:
        if data.negotiated_settings.rejoined_session:
            # It has subscriptions that were made in another life of the program.
            self._programs.sees_all = False
        self._futures.events.accepted(object())

    def _on_end(self, _: object) -> None:
        self._futures.events.lost()


def _problem(done: Any) -> str:
    """Why the broker refused a message; "" if it did not."""
    code = done.puback.reason_code if done.puback is not None else None
    return f"the broker refused it: {code.name}" if code is not None and code >= _REFUSED else ""
