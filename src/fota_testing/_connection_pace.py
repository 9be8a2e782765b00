"""Clauses 3 and 7 to 9 of `aws.iot.mqtt` where AWS IoT is silent or refuses, for `fota_testing.connection_contract`.

What its quotas allow is counted in every clause, by the broker.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aws.iot.errors import NotConnected
from fota_testing.servers.mqtt_packets import PUBACK
from fota_testing.servers.mqtt_quotas import Quotas

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing._connection_scene import ConnectionScene


def _is_hung_up_on_once(scene: ConnectionScene) -> None:
    scene.connect()
    scene.hear("a")
    scene.broker.forbidden_filters.add("forbidden")
    bound_ms = scene.traits.granted_within_ms
    scene.require_error(NotConnected, bound_ms, "a filter that the broker hangs up on", scene.hear, "forbidden")
    scene.mend(2)
    scene.pause(50)
    asked = [name for batch in scene.broker.subscribes for name, _ in batch]
    scene.require(asked.count("forbidden") == 1, "a filter that the broker hangs up on is asked for once")
    scene.require(len(scene.broker.connects) == 2, "a filter that the broker hangs up on costs one connection")


def _asks_again_for_what_was_refused(scene: ConnectionScene) -> None:
    connection = scene.connect()
    scene.hear("kept")
    scene.hear("refused")
    scene.broker.refused_filters.add("refused")
    scene.lose()
    scene.mend(2)
    asked, sessions = len(scene.broker.subscribes), connection.sessions
    scene.broker.refused_filters.clear()
    scene.eventually(
        lambda: [("refused", 1)] in scene.broker.subscribes[asked:] and connection.sessions > sessions,
        "a filter that was refused at a reconnect is asked for again on that connection, and sessions grows",
        scene.traits.asked_again_within_ms,
    )
    scene.require(len(scene.broker.connects) == 2, "a refused filter costs no connection")


def _keeps_the_pace(scene: ConnectionScene) -> None:
    scene.connect()
    scene.broker.kick()
    scene.mend(2)
    until_s = time.monotonic() + scene.traits.mended_within_ms / 1000
    sent = 0
    while sent < Quotas.MAX_PUBLISHES + 30:
        try:
            scene.publish("sample", b"", 0)
            sent += 1
        except NotConnected:
            scene.require(time.monotonic() < until_s, "a queue that is full empties itself")
            scene.connection.wait(1)
    scene.eventually(lambda: len(scene.broker.published) >= sent, "what is published is sent")


def _does_not_wait_for_ever(scene: ConnectionScene) -> None:
    scene.broker.withheld.add(PUBACK)
    scene.connect()
    scene.publish("report", "SUCCEEDED")
    scene.eventually(
        lambda: len(scene.broker.published) > 1,
        "a message that is not acknowledged is sent again, on this connection or another",
        scene.traits.sent_again_within_ms,
    )
    first, second = scene.broker.published[:2]
    scene.require(second[:3] == first[:3], "a message that is sent again is the same")
    is_marked = second.is_repeated or not scene.traits.marks_repeated
    scene.require(is_marked, "a message that is sent again is marked as repeated")


def _finds_the_filter_that_is_forbidden(scene: ConnectionScene) -> None:
    connection = scene.connect()
    for name in ("first", "forbidden", "last"):
        scene.hear(name)
    scene.broker.forbidden_filters.add("forbidden")
    scene.broker.kick()
    scene.eventually(
        lambda: connection.sessions > 1 and connection.is_connected(),
        "a filter that the broker hangs up on from now on is left out in the end",
    )
    asked = len(scene.broker.subscribes)
    scene.lose()
    scene.mend(3)
    again = sorted(name for batch in scene.broker.subscribes[asked:] for name, _ in batch)
    scene.require(again == ["first", "last"], "the other filters live on, and that one is asked for seldom")


PACE: tuple[tuple[int, Callable[[ConnectionScene], None]], ...] = (
    (3, _is_hung_up_on_once),
    (7, _asks_again_for_what_was_refused),
    (8, _keeps_the_pace),
    (8, _does_not_wait_for_ever),
    (9, _finds_the_filter_that_is_forbidden),
)
