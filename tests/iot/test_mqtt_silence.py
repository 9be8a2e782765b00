"""Any connection and a broker that is silent: what is said again on the same connection, and when it is left."""

import threading

import pytest

from aws.iot.errors import NoAnswer
from fota_testing.servers.mqtt_packets import PUBACK, SUBACK
from tests.labs.mqtt_lab import MqttLab, ignore
from tests.labs.mqtt_micropython_lab import until

pytestmark = pytest.mark.slow


def test_a_message_without_an_answer_is_sent_again_under_its_number_on_the_same_connection(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("RESEND_AFTER_MS", 50)
    mqtt_lab.rule("TURN_MS", 10)
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()

    connection.publish("report", "SUCCEEDED")

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) >= 3)
    first, second, third = mqtt_lab.broker.published[:3]
    assert (first.is_repeated, second.is_repeated, third.is_repeated) == (False, True, True)
    assert first.packet_id == second.packet_id == third.packet_id
    assert first.payload == second.payload == b"SUCCEEDED"
    assert len(mqtt_lab.broker.connects) == 1


def test_a_message_that_is_answered_is_not_sent_again(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("RESEND_AFTER_MS", 100)
    mqtt_lab.rule("TURN_MS", 10)
    connection = mqtt_lab.connected()

    connection.publish("a", "")
    connection.wait(150)
    connection.wait(150)

    assert len(mqtt_lab.broker.published) == 1


def test_a_subscription_without_an_answer_is_asked_for_again_under_its_number(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("ASK_AGAIN_AFTER_MS", 50)
    mqtt_lab.rule("TURN_MS", 10)
    mqtt_lab.broker.withheld.add(SUBACK)
    connection = mqtt_lab.connected()
    subscribing = threading.Thread(target=connection.subscribe, args=("a", ignore))
    subscribing.start()

    until(lambda: len(mqtt_lab.broker.numbers) >= 2)
    mqtt_lab.broker.withheld.clear()

    subscribing.join()
    first, second = mqtt_lab.broker.numbers[:2]
    assert first == second
    assert len(mqtt_lab.broker.connects) == 1


def test_a_subscription_that_was_never_answered_is_an_error_and_asked_for_no_more(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("GRANT_WITHIN_MS", 100)
    mqtt_lab.rule("ASK_AGAIN_AFTER_MS", 30)
    mqtt_lab.rule("TURN_MS", 10)
    mqtt_lab.broker.withheld.add(SUBACK)
    connection = mqtt_lab.connected()

    with pytest.raises(NoAnswer, match="jobs/notify: no answer to the subscription within 100 ms"):
        connection.subscribe("jobs/notify", ignore)

    connection.wait(100)
    asked = len(mqtt_lab.broker.subscribes)
    connection.wait(100)
    assert len(mqtt_lab.broker.subscribes) == asked > 1


def test_a_connection_on_which_a_message_is_never_acknowledged_is_left(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("ACKNOWLEDGE_WITHIN_MS", 200)
    mqtt_lab.rule("TURN_MS", 10)
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    for number in range(mqtt_lab.max_waiting):
        connection.publish("sample", str(number))

    mqtt_lab.mended(connection, 2)

    mqtt_lab.broker.withheld.clear()
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(
        lambda: {int(one.payload) for one in mqtt_lab.broker.published} == set(range(mqtt_lab.max_waiting))
    )


def test_one_message_that_is_never_acknowledged_is_dropped_though_others_are(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    mqtt_lab.rule("ACKNOWLEDGE_WITHIN_MS", 200)
    mqtt_lab.rule("MAX_FRUITLESS", 3)
    mqtt_lab.rule("TURN_MS", 10)
    mqtt_lab.broker.discarded_topics.add("lost")
    connection = mqtt_lab.connected()
    connection.publish("lost", "")

    def is_dropped() -> bool:
        if connection.is_connected() and len(mqtt_lab.broker.published) < 2 * len(mqtt_lab.broker.connects):
            connection.publish("sample", "")
        return "message-dropped topic=lost problem=not acknowledged on 3 connections" in caplog.text

    mqtt_lab.eventually(is_dropped)

    assert [one.topic for one in mqtt_lab.broker.published].count("lost") == 3
    connection.publish("later", "")
    mqtt_lab.eventually(lambda: mqtt_lab.broker.published[-1].topic == "later")
