"""Clauses 7 to 10 of `aws.iot.mqtt`, losses and ends, as checks for `fota_testing.connection_contract`."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from aws.iot.errors import NotConnected
from fota_testing.servers.mqtt_packets import PUBACK, SUBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing._connection_scene import ConnectionScene

_MAX_FILTERS = 8
"""AWS's limit for one SUBSCRIBE; written here again, since a check must not take it from the code that it checks."""

_MAX_KEPT = 2_000
"""No connection may keep more messages than this, of a kilobyte each."""


def _mends(scene: ConnectionScene) -> None:
    names = [f"topic/{number}" for number in range(17)]
    connection = scene.connect()
    for name in names:
        scene.hear(name)
    scene.require(len(scene.broker.subscribes) >= 17, "each subscribe has the broker asked")
    asked = len(scene.broker.subscribes)
    scene.lose()
    scene.require(connection.sessions == 1, "sessions does not grow by a loss")
    scene.within(scene.traits.granted_within_ms, "subscribe", connection.subscribe, "later", lambda *_: None)
    scene.mend(2)
    batches = scene.broker.subscribes[asked:]
    again = [name for batch in batches for name, _ in batch]
    scene.require(sorted(again) == sorted([*names, "later"]), "every filter is subscribed to again, once")
    longest = max(len(batch) for batch in batches)
    scene.require(longest <= _MAX_FILTERS, f"a SUBSCRIBE has {_MAX_FILTERS} filters at most, not {longest}")
    scene.broker.send("topic/16", b"after the loss")
    scene.eventually(lambda: scene.heard, "messages are heard again after a loss")


def _counts_a_session_once_it_hears(scene: ConnectionScene) -> None:
    connection = scene.connect()
    scene.hear("a")
    scene.broker.withheld.add(SUBACK)
    scene.broker.kick()
    scene.eventually(lambda: len(scene.broker.subscribes) > 1, "a filter is subscribed to again")
    scene.pause(50)
    scene.require(connection.sessions == 1, "sessions grows once the subscriptions are granted again, not before")
    scene.broker.withheld.clear()
    scene.broker.kick()
    scene.mend(2)


def _keeps(scene: ConnectionScene) -> None:
    connection = scene.connect()
    scene.lose()
    kept = 0
    try:
        while kept < _MAX_KEPT:
            scene.publish("sample", str(kept).ljust(1_000))
            kept += 1
    except NotConnected:
        pass
    scene.require(kept > 0, "what is published while a lost connection is mended is kept")
    scene.require(kept < _MAX_KEPT, "the queue has a bound, and then publish is NotConnected")
    scene.mend(2)
    scene.eventually(lambda: len(scene.broker.published) >= kept, "what was kept is sent")
    numbers = [int(message.payload) for message in scene.broker.published]
    scene.require(numbers == list(range(kept)), "what was kept is sent in order, each message once")
    scene.require(connection.is_connected(), "the connection stays")


def _has_sent(scene: ConnectionScene, count: int) -> bool:
    return len(scene.broker.published) >= count


def _sends_again(scene: ConnectionScene) -> None:
    scene.broker.withheld.add(PUBACK)
    scene.connect()
    scene.publish("report", "SUCCEEDED")
    scene.eventually(lambda: len(scene.broker.published) == 1, "what is published reaches the broker")
    for losses in (1, 2):
        scene.lose()
        if losses == 2:
            scene.broker.withheld.clear()
        scene.mend(losses + 1)
        scene.eventually(
            partial(_has_sent, scene, losses + 1),
            "a message of QoS 1 is sent again after a loss until it is acknowledged",
        )
    first, *later = scene.broker.published
    scene.require(all(message[:3] == first[:3] for message in later), "a message that is sent again is the same")
    scene.require(
        all(message.is_repeated for message in later) or not scene.traits.marks_repeated,
        "a message that is sent again is marked as repeated",
    )
    scene.pause(100)
    count = len(scene.broker.published)
    scene.lose()
    scene.mend(4)
    scene.pause(100)
    scene.require(len(scene.broker.published) == count, "a message that was acknowledged is not sent again")


def _drops_what_is_forbidden(scene: ConnectionScene) -> None:
    connection = scene.connect()
    scene.broker.forbidden_topics.add("forbidden")
    scene.publish("forbidden", "")
    scene.publish("behind", "")
    scene.eventually(
        lambda: scene.broker.published[-1:] and scene.broker.published[-1].topic == "behind",
        "a message that the broker hangs up on is dropped in the end, and those behind it arrive",
    )
    scene.eventually(connection.is_connected, "the connection is mended after that")


def _says_goodbye(scene: ConnectionScene) -> None:
    connection = scene.connect()
    scene.hear("a")
    scene.broker.answers_late_by_s = 0.1
    for number in range(5):
        scene.publish("last/words", str(number))
    scene.within(scene.traits.ended_within_ms, "disconnect", connection.disconnect)
    scene.require(not connection.is_connected(), "a connection is not connected after disconnect")
    until_s = time.monotonic() + scene.traits.ended_within_ms / 1000
    while not scene.broker.farewells and time.monotonic() < until_s:
        time.sleep(0.005)
    scene.require(scene.broker.farewells == 1, "disconnect says goodbye to the broker")
    scene.require(
        (len(scene.broker.published), scene.broker.answered_before_farewell) == (5, 5),
        "what was published has a moment to be sent and acknowledged before the goodbye",
    )
    scene.require_error(NotConnected, 0, "publish after disconnect", connection.publish, "a", "")
    scene.connect()
    scene.require(scene.broker.subscribes[1:] == [[("a", 1)]], "subscriptions are made again after disconnect")
    scene.require(connection.sessions == 2, "connect after disconnect is a session")


def _closes(scene: ConnectionScene) -> None:
    connection = scene.connect()
    scene.hear("a")
    scene.broker.withheld.add(PUBACK)
    scene.publish("old", "")
    scene.eventually(lambda: len(scene.broker.published) == 1, "what is published reaches the broker")
    bound_ms = scene.traits.ended_within_ms
    scene.within(bound_ms, "close, though an acknowledgement does not come,", connection.close)
    scene.broker.withheld.clear()
    scene.connect()
    scene.publish("new", "")
    scene.eventually(lambda: scene.broker.published[-1].topic == "new", "connect may follow close")
    scene.pause(50)
    topics = [message.topic for message in scene.broker.published]
    scene.require(topics == ["old", "new"], "close forgets every message that was not acknowledged")
    scene.require(len(scene.broker.subscribes) == 1, "close forgets every subscription")
    connection.close()
    connection.close()


LOSSES: tuple[tuple[int, Callable[[ConnectionScene], None]], ...] = (
    (7, _mends),
    (7, _counts_a_session_once_it_hears),
    (8, _keeps),
    (8, _sends_again),
    (9, _drops_what_is_forbidden),
    (10, _says_goodbye),
    (10, _closes),
)
