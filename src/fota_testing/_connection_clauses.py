"""Clauses 1 to 6 of `aws.iot.mqtt`, what each call does, as checks for `fota_testing.connection_contract`.

The order matters: each clause relies only on earlier ones, so that a failure names the clause that is broken.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aws.iot.errors import BadTopic, ConnectFailed, NoAnswer, NotConnected
from fota_testing.servers.mqtt_packets import CONNACK, PUBACK, SUBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing._connection_scene import ConnectionScene

_NOT_AUTHORIZED = 5
_MAX_KEPT = 2_000
"""No connection may keep more messages than this, of a kilobyte each."""


def _connects(scene: ConnectionScene) -> None:
    connection = scene.connection
    scene.require(not connection.is_connected() and connection.sessions == 0, "a new connection is not connected")
    scene.connect()
    scene.require(
        connection.is_connected() and connection.sessions == 1, "a connection that is accepted is a session"
    )
    scene.connect()
    scene.require(len(scene.broker.connects) == 1, "connect does nothing when connected")
    scene.within(0, "loop", connection.loop)


def _gives_up_in_time(scene: ConnectionScene) -> None:
    scene.broker.withheld.add(CONNACK)
    scene.require_error(ConnectFailed, 500, "a broker that does not answer", scene.connection.connect, timeout_ms=500)
    scene.require(not scene.connection.is_connected(), "a connection that was not accepted is not connected")
    scene.broker.withheld.clear()
    scene.broker.kick()
    scene.connect()
    scene.require(scene.connection.is_connected(), "after a failed connect another may succeed")


def _is_told_of_a_refusal(scene: ConnectionScene) -> None:
    scene.broker.connack_codes.extend([_NOT_AUTHORIZED] * 100)
    scene.require_error(ConnectFailed, 2_000, "a refusal", scene.connection.connect, timeout_ms=2_000)


def _publishes(scene: ConnectionScene) -> None:
    scene.require_error(NotConnected, 0, "publish before connect", scene.connection.publish, "a", "")
    scene.connect()
    scene.publish("sample", {"a": [1, "ä"]})
    scene.publish("sample", "ä")
    scene.publish("sample", b"\0\xff")
    scene.publish("sample", b"0", qos=0)
    scene.eventually(lambda: len(scene.broker.published) == 4, "what is published reaches the broker")
    payloads = [message.payload for message in scene.broker.published]
    scene.require(
        payloads == [b'{"a":[1,"\\u00e4"]}', b"\xc3\xa4", b"\0\xff", b"0"],
        "a dict is sent as compact JSON, text as UTF-8, bytes as they are, in order",
    )
    scene.require(
        [message.qos for message in scene.broker.published] == [1, 1, 1, 0], "the QoS is 1 unless asked otherwise"
    )
    for topic in ("", "a/+", "#", "a\0b"):
        scene.require_error(BadTopic, 0, f"publishing to {topic!r}", scene.connection.publish, topic, "")
    scene.require_error(BadTopic, 0, "QoS 2", scene.connection.publish, "a", "", 2)


def _publishes_without_waiting(scene: ConnectionScene) -> None:
    scene.broker.withheld.add(PUBACK)
    scene.connect()
    for number in range(10):
        scene.publish("sample", str(number))
    scene.eventually(lambda: len(scene.broker.published) == 10, "publish does not wait for an acknowledgement")


def _subscribes(scene: ConnectionScene) -> None:
    scene.connect()
    scene.hear("a/+")
    scene.require(scene.broker.subscribes == [[("a/+", 1)]], "subscribe asks the broker, for QoS 1")
    scene.broker.refused_filters.add("forbidden")
    bound_ms = scene.traits.granted_within_ms
    scene.require_error(NotConnected, bound_ms, "a refused filter", scene.hear, "forbidden")
    scene.broker.withheld.add(SUBACK)
    scene.require_error(NoAnswer, bound_ms, "a filter without an answer", scene.hear, "silent")
    scene.broker.withheld.clear()
    asked = len(scene.broker.subscribes)
    scene.lose()
    scene.mend(2)
    again = {name for batch in scene.broker.subscribes[asked:] for name, _ in batch}
    scene.require(again == {"a/+"}, "a filter that was refused or not answered is forgotten")
    for topic_filter in ("", "a+/b", "a/#/b", "#/"):
        scene.require_error(BadTopic, 0, f"subscribing to {topic_filter!r}", scene.hear, topic_filter)


def _calls_back(scene: ConnectionScene) -> None:
    scene.connect()
    for topic_filter in ("jobs/1/get", "jobs/+/get", "jobs/#", "jobs/10/get", "other"):
        scene.hear(topic_filter)
    for number in range(30):
        scene.broker.send("jobs/1/get", b"%d" % number, qos=number % 2)
    scene.eventually(lambda: len(scene.heard) >= 90, "every message is handed out, to each filter that matches")
    scene.pause(50)
    for topic_filter in ("jobs/1/get", "jobs/+/get", "jobs/#"):
        mine = [int(payload) for name, _, payload in scene.heard if name == topic_filter]
        scene.require(mine == list(range(30)), "callbacks are called in the order in which messages came")
    scene.require(len(scene.heard) == 90, "nobody else hears a message")
    scene.require({topic for _, topic, _ in scene.heard} == {"jobs/1/get"}, "a callback is given the topic")
    scene.require(all(type(payload) is bytes for _, _, payload in scene.heard), "a payload is bytes")
    scene.eventually(lambda: len(scene.broker.acknowledged) == 15, "a message of QoS 1 is acknowledged once")


def _survives_its_callbacks(scene: ConnectionScene) -> None:
    def fail(_topic: str, _payload: bytes) -> None:
        raise ValueError

    def answer(_topic: str, payload: bytes) -> None:
        scene.connection.publish("answer", payload)

    connection = scene.connect()
    connection.subscribe("fails", fail)
    connection.subscribe("ask", fail)
    connection.subscribe("ask", answer)
    scene.broker.send("fails", b"")
    scene.broker.send("ask", b"42")
    scene.eventually(
        lambda: [message[:2] for message in scene.broker.published] == [("answer", b"42")],
        "a callback may fail or publish, and a second subscribe takes the place of the first",
    )
    scene.require(connection.sessions == 1, "an error in a callback does not end the session")


def _unsubscribes(scene: ConnectionScene) -> None:
    scene.connect()
    scene.hear("a")
    scene.hear("b")
    scene.within(0, "unsubscribe", scene.connection.unsubscribe, "a")
    scene.eventually(lambda: b"a" in scene.broker.unsubscribes, "unsubscribe is told to the broker")
    asked = len(scene.broker.subscribes)
    scene.lose()
    scene.mend(2)
    again = [name for batch in scene.broker.subscribes[asked:] for name, _ in batch]
    scene.require(again == ["b"], "a filter that was unsubscribed is not asked for again")


def _waits(scene: ConnectionScene) -> None:
    connection = scene.connect()
    scene.hear("a")
    scene.broker.send("a", b"")
    until_s = time.monotonic() + 5
    while not scene.heard and time.monotonic() < until_s:
        connection.wait(1_000)
    scene.require(scene.heard, "wait lets messages arrive")
    connection.wait(1)
    began_s = time.monotonic()
    scene.within(200, "wait", connection.wait, 200)
    scene.require(time.monotonic() - began_s > 0.1, "one message ends one wait")
    acknowledged = len(scene.broker.acknowledged)
    scene.broker.send("a", b"")
    until_s = time.monotonic() + 0.5
    while len(scene.broker.acknowledged) == acknowledged and time.monotonic() < until_s:
        # Where messages are received in the background it comes before the wait begins; elsewhere, in it.
        time.sleep(0.005)
    began_s = time.monotonic()
    connection.wait(2 * scene.margin_ms)
    connection.wait(1)
    is_ended = (time.monotonic() - began_s) * 1000 < scene.margin_ms
    scene.require(is_ended, "a message ends a wait, though it came before")


CALLS: tuple[tuple[int, Callable[[ConnectionScene], None]], ...] = (
    (1, _connects),
    (1, _gives_up_in_time),
    (1, _is_told_of_a_refusal),
    (2, _publishes),
    (2, _publishes_without_waiting),
    (3, _subscribes),
    (4, _calls_back),
    (4, _survives_its_callbacks),
    (5, _unsubscribes),
    (6, _waits),
)
