"""How much of what is published is kept, and where that ends."""

import time
from typing import TYPE_CHECKING

import pytest

from aws.iot.errors import NotConnected
from aws.iot.mqtt import rules
from fota_testing.servers.mqtt_packets import PUBACK
from tests.labs.mqtt_lab import MqttLab

if TYPE_CHECKING:
    from aws.iot.mqtt import Connection

WAITING, UNACKNOWLEDGED = rules.MAX_WAITING_CPYTHON, rules.MAX_UNACKNOWLEDGED_CPYTHON


def test_a_broker_that_acknowledges_nothing_gets_no_more_than_twenty(paho_lab: MqttLab) -> None:
    paho_lab.broker.withheld.add(PUBACK)
    connection = paho_lab.connected()

    taken = _publish_until_full(connection, b"", qos=1)

    assert taken == WAITING + UNACKNOWLEDGED
    paho_lab.eventually(lambda: len(paho_lab.broker.published) == UNACKNOWLEDGED)


def test_a_broker_that_acknowledges_late_gets_them_all_in_order(paho_lab: MqttLab) -> None:
    paho_lab.broker.withheld.add(PUBACK)
    connection = paho_lab.connected()
    for number in range(WAITING):
        connection.publish("sample", str(number))
    paho_lab.eventually(lambda: len(paho_lab.broker.published) == UNACKNOWLEDGED)

    paho_lab.broker.withheld.clear()
    paho_lab.broker.kick()

    paho_lab.eventually(lambda: len(paho_lab.broker.published) == UNACKNOWLEDGED + WAITING)
    repeated = [int(message.payload) for message in paho_lab.broker.published[UNACKNOWLEDGED:]]
    assert repeated == list(range(WAITING))


def test_a_broker_that_reads_nothing_more_does_not_fill_the_memory_of_the_device(paho_lab: MqttLab) -> None:
    connection = paho_lab.connected()
    paho_lab.broker.stop_reading()

    # What the sockets of both ends swallow differs between machines.
    assert _publish_until_full(connection, bytes(120_000), qos=0) < 500


@pytest.mark.slow
def test_close_is_bounded_when_the_broker_reads_nothing_more(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("GOODBYE_WITHIN_MS", 50)
    mqtt_lab.rule("TURN_MS", 20)
    mqtt_lab.rule("PUBLISH_EVERY_MS", 1)
    connection = mqtt_lab.connected()
    mqtt_lab.broker.stop_reading()
    _publish_until_full(connection, bytes(120_000), qos=0)

    connection.close()

    assert not mqtt_lab.network_threads()


def test_close_does_not_wait_for_messages_to_go_to_a_broker_that_has_not_accepted_us(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    mqtt_lab.broker.silent_after = 1
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.connects) == 2)
    connection.publish("waits", "")
    began_s = time.monotonic()

    connection.close()

    assert time.monotonic() - began_s < 1.5


def test_messages_that_wait_are_forgotten_by_close(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("MOST_BETWEEN_CALLS_MS", 50)
    connection = mqtt_lab.down()
    connection.publish("old", "")
    connection.close()

    connection.connect()
    connection.publish("new", "")

    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    assert [message.topic for message in mqtt_lab.broker.published] == ["new"]


def _publish_until_full(connection: "Connection", payload: bytes, *, qos: int) -> int:
    """Publish until the queue is full and stays so; returns how many messages were taken."""
    taken = refused_in_a_row = 0
    while refused_in_a_row < 10 and taken < 500:
        try:
            connection.publish("much", payload, qos)
        except NotConnected:
            refused_in_a_row += 1
            connection.wait(10)
        else:
            refused_in_a_row = 0
            taken += 1
    return taken


def test_no_more_messages_wait_than_there_is_room_for_while_the_connection_is_down(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.down()
    for _ in range(mqtt_lab.max_waiting):
        connection.publish("sample", "")

    with pytest.raises(NotConnected, match=f"sample: {mqtt_lab.max_waiting} {mqtt_lab.full_queue}"):
        connection.publish("sample", "")
