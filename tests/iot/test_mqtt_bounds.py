"""How much of what is published is kept, and where that ends."""

import time

import pytest

from aws.iot._mqtt_cpython import PahoConnection
from aws.iot.errors import NotConnected
from fota.backoff import Backoff
from iot.broker import PUBACK
from iot.mqtt_lab import MqttLab

WAITING, UNACKNOWLEDGED = 100, 20


def test_no_more_than_a_hundred_messages_wait_while_the_connection_is_down(mqtt_lab: MqttLab) -> None:
    connection = _down(mqtt_lab)
    for _ in range(WAITING):
        connection.publish("sample", "")

    with pytest.raises(NotConnected, match="sample: 100 messages wait already"):
        connection.publish("sample", "")


def test_a_broker_that_acknowledges_nothing_gets_no_more_than_twenty(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()

    taken = _publish_until_full(connection, b"", qos=1)

    assert taken == WAITING + UNACKNOWLEDGED
    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == UNACKNOWLEDGED)


def test_a_broker_that_acknowledges_late_gets_them_all_in_order(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    for number in range(WAITING):
        connection.publish("sample", str(number))
    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == UNACKNOWLEDGED)

    mqtt_lab.broker.withheld.clear()
    mqtt_lab.broker.kick()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == UNACKNOWLEDGED + WAITING)
    repeated = [int(message.payload) for message in mqtt_lab.broker.published[UNACKNOWLEDGED:]]
    assert repeated == list(range(WAITING))


def test_a_broker_that_reads_nothing_more_does_not_fill_the_memory_of_the_device(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    mqtt_lab.broker.stop_reading()

    # What the sockets of both ends swallow differs between machines.
    assert _publish_until_full(connection, bytes(120_000), qos=0) < 500


def test_close_is_bounded_when_the_broker_reads_nothing_more(
    mqtt_lab: MqttLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws.iot._mqtt_loop_cpython._GOODBYE_WITHIN_MS", 50)
    monkeypatch.setattr("aws.iot._mqtt_loop_cpython._TURN_MS", 20)
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
    connection = _down(mqtt_lab)
    connection.publish("old", "")
    connection.close()

    connection.connect()
    connection.publish("new", "")

    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    assert [message.topic for message in mqtt_lab.broker.published] == ["new"]


def _down(mqtt_lab: MqttLab) -> PahoConnection:
    """A connection that was lost, and that is not mended within a test."""
    connection = mqtt_lab.connected(backoff=Backoff(3_600_000, 3_600_000, lambda: 0.99))
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: not connection.is_connected())
    return connection


def _publish_until_full(connection: PahoConnection, payload: bytes, *, qos: int) -> int:
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
