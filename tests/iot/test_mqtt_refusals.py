"""A broker that refuses a filter which it granted before: by its answer, or by hanging up."""

import time
from typing import TYPE_CHECKING

import pytest

from aws.iot.mqtt import filters, rules
from fota_testing.servers.mqtt_packets import PUBACK, SUBACK
from tests.labs.mqtt_lab import MqttLab, ignore

if TYPE_CHECKING:
    from aws.iot.mqtt import Connection

pytestmark = pytest.mark.slow

WAITS_MS = (40, 320)


def refused_at_a_reconnect(lab: MqttLab) -> "Connection":
    """A connection that has lost one of its two filters by a reconnect."""
    lab.rule("ASK_REFUSED_MS", WAITS_MS)
    lab.rule("TURN_MS", 10)
    connection = lab.connected()
    connection.subscribe("kept", ignore)
    connection.subscribe("taken/away", ignore)
    lab.broker.refused_filters.add("taken/away")
    lab.broker.kick()
    lab.mended(connection, 2)
    return connection


def test_a_filter_that_was_refused_at_a_reconnect_is_asked_for_until_it_is_granted(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = refused_at_a_reconnect(mqtt_lab)
    asked = len(mqtt_lab.broker.subscribes)

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.subscribes) >= asked + 2)
    mqtt_lab.broker.refused_filters.clear()

    # What came meanwhile was not heard, so that a program has to look: it is told by the number of sessions.
    mqtt_lab.mended(connection, 3)
    assert mqtt_lab.broker.subscribes[asked:][0] == [("taken/away", 1)]
    assert len(mqtt_lab.broker.connects) == 2
    assert caplog.messages.count("subscribe-refused topics=taken/away") >= 3
    # The session is counted before its line is logged, by another thread.
    mqtt_lab.eventually(lambda: caplog.messages[-1] == "subscribed-again topics=taken/away")


def test_a_filter_that_is_refused_for_long_is_asked_for_less_and_less_often(mqtt_lab: MqttLab) -> None:
    refused_at_a_reconnect(mqtt_lab)
    began_s, asked = time.monotonic(), len(mqtt_lab.broker.subscribes)

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.subscribes) == asked + 4)

    # Each wait is at least as long as its rule says; the first had begun.
    assert time.monotonic() - began_s > (80 + 160 + 320) / 1000


def forbidden_at_a_reconnect(lab: MqttLab) -> "Connection":
    """A connection with ten filters; from now on the policy forbids one of them; it is down."""
    connection = lab.connection()
    for number in range(10):
        connection.subscribe(f"topic/{number}", ignore)
    connection.connect()
    lab.broker.forbidden_filters.add("topic/3")
    lab.broker.kick()
    return connection


def test_the_filter_on_which_the_broker_hangs_up_is_found_and_the_others_live_on(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = forbidden_at_a_reconnect(mqtt_lab)

    mqtt_lab.mended(connection, 2)

    hung_up = len(mqtt_lab.broker.connects) - 2
    assert hung_up == rules.HANG_UPS_BEFORE_SEARCH + 2
    asked = {name for packet in mqtt_lab.broker.subscribes[-2:] for name, _ in packet}
    assert asked == {f"topic/{number}" for number in range(10)} - {"topic/3"}
    found = [line for line in caplog.messages if line.startswith("subscribe-refused")]
    assert found == ["subscribe-refused topics=topic/3 problem=the broker hangs up on it: does the policy allow it?"]
    connection.publish("later", "")
    mqtt_lab.eventually(lambda: [one.topic for one in mqtt_lab.broker.published] == ["later"])
    mqtt_lab.broker.kick()
    mqtt_lab.mended(connection, 3)
    assert len(mqtt_lab.broker.connects) == hung_up + 3


def test_a_filter_that_was_found_is_asked_for_seldom_and_alone_until_it_is_allowed(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    mqtt_lab.rule("ASK_FORBIDDEN_MS", (100, 400))
    mqtt_lab.rule("TURN_MS", 10)
    connection = forbidden_at_a_reconnect(mqtt_lab)
    # Found, and twice asked for again: each time costs one connection.
    mqtt_lab.eventually(lambda: connection.sessions >= 4)
    assert mqtt_lab.broker.subscribes.count([("topic/3", 1)]) >= 4
    mqtt_lab.broker.forbidden_filters.clear()

    mqtt_lab.eventually(lambda: "subscribed-again topics=topic/3" in caplog.messages)
    assert mqtt_lab.broker.subscribes[-1] == [("topic/3", 1)]
    assert connection.sessions >= 5


def test_a_message_that_waits_for_its_acknowledgement_is_not_lost_to_a_filter_that_is_forbidden(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)
    connection.subscribe("b", ignore)
    connection.publish("report", "SUCCEEDED")
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    mqtt_lab.broker.forbidden_filters.add("b")
    mqtt_lab.broker.withheld.clear()

    mqtt_lab.broker.kick()

    mqtt_lab.mended(connection, 2)
    connection.publish("later", "")
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published[-1].topic == "later")
    assert "message-dropped" not in caplog.text
    assert mqtt_lab.broker.subscribes[-1] == [("a", 1)]


def test_a_message_that_is_forbidden_is_not_taken_for_a_filter_that_is(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)
    mqtt_lab.broker.forbidden_topics.add("forbidden")

    connection.publish("forbidden", "")

    mqtt_lab.eventually(lambda: "message-dropped topic=forbidden" in caplog.text and connection.is_connected())
    assert "subscribe-refused" not in caplog.text


def test_a_broker_that_does_not_answer_is_not_taken_for_one_that_forbids(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    mqtt_lab.rule("ACCEPT_WITHIN_MS", 100)
    mqtt_lab.rule("TURN_MS", 10)
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)
    mqtt_lab.broker.withheld.add(SUBACK)
    mqtt_lab.broker.kick()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.connects) >= 5)
    mqtt_lab.broker.withheld.clear()

    mqtt_lab.mended(connection, 2)
    assert "subscribe-refused" not in caplog.text


def test_a_connection_that_is_lost_now_and_then_makes_no_filter_suspicious() -> None:
    remembered = filters.Filters()
    wanted = remembered.remember("a", ignore, 1)
    for _ in range(10):
        wanted.state = filters.ASKED
        assert remembered.lose(hung_up=True) == ""
        remembered.answer(remembered.due(), [True])
        remembered.established()

    assert remembered.due() == []
    assert not remembered.is_suspicious()
