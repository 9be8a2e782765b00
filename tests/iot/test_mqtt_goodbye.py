"""How a connection ends: what is still said and heard, for how long, and what is forgotten."""

import time

import pytest

from aws.iot.errors import NotConnected
from fota.transfer.backoff import Backoff
from fota_testing.servers.mqtt_packets import PUBACK
from tests.labs.mqtt_lab import MqttLab, ignore


def test_a_disconnected_device_says_goodbye_and_is_gone(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()

    connection.disconnect()

    assert not connection.is_connected()
    assert not mqtt_lab.network_threads()
    mqtt_lab.eventually(lambda: mqtt_lab.broker.farewells == 1)


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("qos", [0, 1])
def test_what_was_published_before_the_goodbye_reaches_the_broker(mqtt_lab: MqttLab, qos: int) -> None:
    connection = mqtt_lab.connected()
    for number in range(mqtt_lab.max_waiting):
        connection.publish("last/words", str(number), qos)

    connection.disconnect()

    mqtt_lab.eventually(lambda: mqtt_lab.broker.farewells == 1)
    assert [int(message.payload) for message in mqtt_lab.broker.published] == list(range(mqtt_lab.max_waiting))


def test_after_a_disconnect_connect_makes_the_subscriptions_again(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)
    connection.disconnect()

    connection.connect()

    assert mqtt_lab.broker.subscribes == [[("a", 1)], [("a", 1)]]
    assert connection.sessions == 2


def test_what_was_not_acknowledged_before_a_disconnect_is_sent_by_the_next_connect(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("GOODBYE_WITHIN_MS", 50)
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    connection.publish("report", "SUCCEEDED")
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    connection.disconnect()
    mqtt_lab.broker.withheld.clear()

    connection.connect()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == 2)
    first, second = mqtt_lab.broker.published
    assert (second.packet_id, second.is_repeated) == (first.packet_id, True)


def test_a_closed_connection_forgets_subscriptions_and_messages(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("GOODBYE_WITHIN_MS", 50)
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)
    connection.publish("b", "")
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    connection.close()

    connection.connect()
    connection.publish("the end", "", qos=0)

    mqtt_lab.eventually(lambda: mqtt_lab.broker.published[-1].topic == "the end")
    assert [message.topic for message in mqtt_lab.broker.published] == ["b", "the end"]
    assert len(mqtt_lab.broker.subscribes) == 1


@pytest.mark.parametrize("qos", [0, 1])
def test_nobody_waits_for_what_is_acknowledged_or_never_will_be(mqtt_lab: MqttLab, qos: int) -> None:
    mqtt_lab.rule("GOODBYE_WITHIN_MS", 60_000)
    connection = mqtt_lab.connected()
    connection.publish("a", "", qos)
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)

    began_s = time.monotonic()
    connection.disconnect()

    assert time.monotonic() - began_s < 10
    assert not mqtt_lab.network_threads()


def test_nobody_waits_for_what_was_forgotten(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("GOODBYE_WITHIN_MS", 50)
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    connection.publish("a", "never acknowledged")
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    connection.close()
    mqtt_lab.rule("GOODBYE_WITHIN_MS", 60_000)
    connection.connect()

    began_s = time.monotonic()
    connection.disconnect()

    assert time.monotonic() - began_s < 10
    assert not mqtt_lab.network_threads()


def test_the_goodbye_is_said_only_after_the_broker_has_acknowledged(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.answers_late_by_s = 0.2
    connection = mqtt_lab.connected()
    connection.publish("report", "SUCCEEDED")

    connection.disconnect()

    mqtt_lab.eventually(lambda: mqtt_lab.broker.farewells)
    assert mqtt_lab.broker.answered_before_farewell == 1


def test_close_ends_a_connection_that_is_waiting_to_try_again(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected(backoff=Backoff(3_600_000, 3_600_000, lambda: 0.9))
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: not connection.is_connected())

    connection.close()

    assert not mqtt_lab.network_threads()


def test_a_connection_may_be_closed_before_it_was_connected_and_twice(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection()

    connection.close()
    connection.close()

    assert not connection.is_connected()


def test_a_callback_may_end_the_connection(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("end", lambda _topic, _payload: connection.disconnect())

    mqtt_lab.broker.send("end", b"")

    mqtt_lab.eventually(lambda: not mqtt_lab.network_threads())
    connection.connect()
    assert connection.is_connected()


def test_publishing_before_connect_and_after_disconnect_is_an_error(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection()
    with pytest.raises(NotConnected, match="a: not connected"):
        connection.publish("a", "")
    connection.connect()
    connection.disconnect()

    with pytest.raises(NotConnected, match="a: not connected"):
        connection.publish("a", "")


@pytest.mark.parametrize("goodbye", ["disconnect", "close"])
def test_no_goodbye_waits_for_long_for_an_acknowledgement_that_does_not_come(mqtt_lab: MqttLab, goodbye: str) -> None:
    mqtt_lab.rule("GOODBYE_WITHIN_MS", 50)
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    connection.publish("a", "never acknowledged")
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    began_s = time.monotonic()

    getattr(connection, goodbye)()

    assert time.monotonic() - began_s < 1
    assert not connection.is_connected()
    assert not mqtt_lab.network_threads()
