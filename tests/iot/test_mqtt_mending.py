"""What a connection does about its own loss."""

import time
from functools import partial

import pytest

from aws.iot.errors import NotConnected
from aws.iot.mqtt.rules import MAX_FRUITLESS
from fota_testing.servers.mqtt_packets import PUBACK, SUBACK
from tests.labs.mqtt_lab import Ceilings, MqttLab, ignore, slow_once

pytestmark = pytest.mark.slow


def test_defect_48_a_lost_connection_is_mended_and_subscribes_again(mqtt_lab: MqttLab) -> None:
    heard: list[bytes] = []
    connection = mqtt_lab.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: connection.sessions == 2)

    mqtt_lab.broker.send("a", b"after the loss")

    mqtt_lab.eventually(lambda: heard == [b"after the loss"])


def test_a_session_counts_only_once_its_subscriptions_are_granted(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)
    mqtt_lab.broker.withheld.add(SUBACK)
    mqtt_lab.broker.kick()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.subscribes) == 2)

    assert (connection.sessions, connection.is_connected()) == (1, False)


def test_no_more_than_eight_filters_are_in_one_packet(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection()
    filters = [f"topic/{number}" for number in range(17)]
    for topic_filter in filters:
        connection.subscribe(topic_filter, ignore)

    connection.connect()

    assert [len(packet) for packet in mqtt_lab.broker.subscribes] == [8, 8, 1]
    assert [name for packet in mqtt_lab.broker.subscribes for name, _ in packet] == filters


def test_a_subscription_refused_after_a_loss_is_told_and_the_others_live_on(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = mqtt_lab.connected()
    connection.subscribe("kept", ignore)
    connection.subscribe("taken/away", ignore)
    mqtt_lab.broker.refused_filters.add("taken/away")

    mqtt_lab.broker.kick()

    mqtt_lab.eventually(lambda: connection.sessions == 2)
    assert "subscribe-refused topics=taken/away" in caplog.messages


def test_a_subscription_asked_for_while_the_connection_is_down_is_made_when_it_is_up(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected(backoff=slow_once())
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: not connection.is_connected())

    connection.subscribe("later", ignore)

    mqtt_lab.eventually(lambda: connection.sessions == 2)
    assert mqtt_lab.broker.subscribes == [[("later", 1)]]


def test_what_is_published_while_the_connection_is_down_arrives_in_order_when_it_is_up(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected(backoff=slow_once())
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: not connection.is_connected())

    for number in range(mqtt_lab.max_waiting):
        connection.publish("sample", str(number))

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == mqtt_lab.max_waiting)
    assert [int(message.payload) for message in mqtt_lab.broker.published] == list(range(mqtt_lab.max_waiting))


def test_an_unacknowledged_message_is_sent_again_after_a_loss_as_the_same(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.withheld.add(PUBACK)
    connection = mqtt_lab.connected()
    connection.publish("a", "once")
    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == 1)

    mqtt_lab.broker.kick()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == 2)
    first, second = mqtt_lab.broker.published
    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert (second.packet_id, second.payload) == (first.packet_id, b"once")


def test_a_message_that_makes_the_broker_hang_up_is_dropped_and_those_behind_it_arrive(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    mqtt_lab.broker.forbidden_topics.add("forbidden")
    connection = mqtt_lab.connected()
    connection.publish("forbidden", "1")
    connection.publish("behind", "2")

    mqtt_lab.eventually(lambda: _topics(mqtt_lab)[-1:] == ["behind"] and connection.is_connected())

    assert _topics(mqtt_lab).count("forbidden") == MAX_FRUITLESS
    dropped = [line for line in caplog.messages if line.startswith("message-dropped")]
    assert dropped == [f"message-dropped topic=forbidden problem=not acknowledged on {MAX_FRUITLESS} connections"]
    connection.publish("later", "3")
    mqtt_lab.eventually(lambda: _topics(mqtt_lab)[-1:] == ["later"])


def test_a_message_that_meets_many_losses_is_kept_while_others_are_acknowledged(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    for session in range(2, MAX_FRUITLESS + 4):
        mqtt_lab.broker.withheld.add(PUBACK)
        connection.publish("kept", str(session))
        mqtt_lab.eventually(lambda: _topics(mqtt_lab)[-1:] == ["kept"])
        mqtt_lab.broker.withheld.clear()
        mqtt_lab.broker.kick()
        mqtt_lab.mended(connection, session)
        connection.publish(f"sample/{session}", "")
        mqtt_lab.eventually(partial(_has_published, mqtt_lab, f"sample/{session}"))

    assert {message.payload for message in mqtt_lab.broker.published if message.topic == "kept"} == {
        str(session).encode() for session in range(2, MAX_FRUITLESS + 4)
    }


def test_the_back_off_is_not_reset_by_being_accepted(in_process_lab: MqttLab) -> None:
    ceilings = Ceilings()
    connection = in_process_lab.connected(backoff=ceilings)

    for session in range(2, 6):
        in_process_lab.broker.kick()
        in_process_lab.mended(connection, session)

    assert ceilings.seen == [1, 2, 4, 8]


def test_the_back_off_starts_over_after_a_connection_that_lasted(in_process_lab: MqttLab) -> None:
    in_process_lab.rule("STABLE_MS", 0)
    ceilings = Ceilings()
    connection = in_process_lab.connected(backoff=ceilings)

    for session in range(2, 5):
        in_process_lab.broker.kick()
        in_process_lab.mended(connection, session)

    assert ceilings.seen == [1, 1, 1]


def test_a_filter_that_makes_the_broker_hang_up_is_told_of_and_asked_for_no_more(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("allowed", ignore)
    mqtt_lab.broker.forbidden_filters.add("forbidden")
    began_s = time.monotonic()

    with pytest.raises(NotConnected, match=r"forbidden: the broker .*hung up"):
        connection.subscribe("forbidden", ignore)

    assert time.monotonic() - began_s < 5, "it was noticed only when time was up"
    mqtt_lab.mended(connection, 2)
    assert mqtt_lab.broker.subscribes == [[("allowed", 1)], [("forbidden", 1)], [("allowed", 1)]]
    assert connection.is_connected()


def test_a_packet_that_is_not_mqtt_costs_the_connection_and_not_the_device(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()

    mqtt_lab.broker.send_raw(b"\x30\x01\xff")

    mqtt_lab.eventually(lambda: connection.sessions == 2)


def test_a_quiet_connection_is_kept_alive(paho_lab: MqttLab) -> None:
    paho_lab.rule("KEEPALIVE_S", 1)
    paho_lab.rule("TURN_MS", 50)

    paho_lab.connected()

    paho_lab.eventually(lambda: paho_lab.broker.pings)


def _has_published(lab: MqttLab, topic: str) -> bool:
    return topic in _topics(lab)


def _topics(lab: MqttLab) -> list[str]:
    return [message.topic for message in lab.broker.published]
