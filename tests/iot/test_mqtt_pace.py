"""The limits of AWS IoT for one client: one CONNECT a second, and a hundred messages a second on a connection."""

import time

import pytest

from aws.iot.mqtt import rules
from fota_testing.servers.mqtt_packets import SUBACK
from tests.labs.mqtt_lab import MqttLab, ignore

pytestmark = pytest.mark.slow

EVERY_MS = 400


def test_a_device_that_connects_again_waits_though_another_object_was_connected(in_process_lab: MqttLab) -> None:
    in_process_lab.connected().close()
    in_process_lab.rule("CONNECT_EVERY_MS", EVERY_MS)
    in_process_lab.connected().disconnect()
    began_s = time.monotonic()

    in_process_lab.connected()

    assert time.monotonic() - began_s > EVERY_MS / 1000 * 0.5


def test_a_device_that_is_hung_up_on_does_not_connect_within_a_second(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("CONNECT_EVERY_MS", EVERY_MS)
    connection = mqtt_lab.connected()
    began_s = time.monotonic()
    mqtt_lab.broker.kick()

    mqtt_lab.mended(connection, 2)

    assert time.monotonic() - began_s > EVERY_MS / 1000 * 0.5


def test_a_full_queue_does_not_leave_in_one_burst(paho_lab: MqttLab) -> None:
    connection = paho_lab.connected()
    connection.subscribe("a", ignore)
    paho_lab.broker.withheld.add(SUBACK)
    paho_lab.broker.kick()
    paho_lab.eventually(lambda: not connection.is_connected())
    for number in range(paho_lab.max_waiting):
        connection.publish("sample", str(number))
    paho_lab.broker.withheld.clear()
    paho_lab.broker.kick()
    paho_lab.mended(connection, 2)
    began_s = time.monotonic()

    paho_lab.eventually(lambda: len(paho_lab.broker.published) == paho_lab.max_waiting)

    rest = paho_lab.max_waiting - rules.PUBLISH_BURST
    assert time.monotonic() - began_s > rest * rules.PUBLISH_EVERY_MS / 1000 * 0.8
    assert connection.sessions == 2
