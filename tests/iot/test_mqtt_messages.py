"""What is sent, what is heard, and who hears it."""

import json
import time
from functools import partial

import pytest

from aws.iot.errors import BadTopic, NoAnswer, NotConnected
from aws.iot.mqtt import check_filter
from fota_testing.servers.mqtt_packets import SUBACK
from tests.labs.mqtt_lab import MqttLab, ignore


@pytest.mark.parametrize(
    ("payload", "octets"),
    [({"a": [1, "ä"]}, b'{"a":[1,"\\u00e4"]}'), ("ä", b"\xc3\xa4"), (b"\0\xff", b"\0\xff"), ("", b"")],
)
def test_a_dict_is_sent_as_compact_json_and_text_as_utf_8(
    mqtt_lab: MqttLab, payload: "bytes | str | dict[str, object]", octets: bytes
) -> None:
    mqtt_lab.connected().publish("dev/sample", payload)

    mqtt_lab.eventually(lambda: mqtt_lab.broker.published)
    assert mqtt_lab.broker.published[0][:3] == ("dev/sample", octets, 1)


def test_defect_40_subscriptions_and_messages_are_of_qos_1_unless_asked_otherwise(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()

    connection.subscribe("a", ignore)
    connection.publish("b", "")
    connection.publish("c", "", qos=0)

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == 2)
    assert mqtt_lab.broker.subscribes == [[("a", 1)]]
    assert [message.qos for message in mqtt_lab.broker.published] == [1, 0]


def test_defect_41_subscribe_returns_only_after_the_broker_granted_it(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("GRANT_WITHIN_MS", 100)
    connection = mqtt_lab.connected()
    mqtt_lab.broker.withheld.add(SUBACK)

    with pytest.raises(NoAnswer, match="jobs/notify: no answer to the subscription"):
        connection.subscribe("jobs/notify", ignore)


def test_a_refused_subscription_is_an_error_and_is_forgotten(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.refused_filters.add("forbidden")
    connection = mqtt_lab.connected()

    with pytest.raises(NotConnected, match="forbidden: the broker refused the subscription"):
        connection.subscribe("forbidden", ignore)

    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: connection.sessions == 2)
    assert mqtt_lab.broker.subscribes == [[("forbidden", 1)]]


def test_a_message_reaches_everybody_whose_filter_matches_and_nobody_else(mqtt_lab: MqttLab) -> None:
    heard: list[str] = []
    connection = mqtt_lab.connected()
    for topic_filter in ("jobs/a-1/get", "jobs/+/get", "jobs/#", "jobs/a-10/get", "jobs/a-1", "other"):
        connection.subscribe(topic_filter, partial(_note_filter, heard, topic_filter))

    mqtt_lab.broker.send("jobs/a-1/get", b"")

    connection.wait(5_000)
    assert sorted(heard) == ["jobs/#", "jobs/+/get", "jobs/a-1/get"]


def test_a_message_is_acknowledged_once_it_was_handed_out(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)

    mqtt_lab.broker.send("a", b"")

    mqtt_lab.eventually(lambda: mqtt_lab.broker.acknowledged == [7])


def test_a_long_message_arrives_whole(mqtt_lab: MqttLab) -> None:
    heard: list[bytes] = []
    connection = mqtt_lab.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))
    document = bytes(range(256)) * 512

    mqtt_lab.broker.send("a", document)

    mqtt_lab.eventually(lambda: heard == [document])


def test_many_messages_in_one_go_are_all_handed_out(mqtt_lab: MqttLab) -> None:
    heard: list[bytes] = []
    connection = mqtt_lab.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))

    mqtt_lab.broker.send_raw(b"".join(b"\x30\x04\0\x01a%c" % number for number in range(200)))

    mqtt_lab.eventually(lambda: heard == [bytes([number]) for number in range(200)])


def test_defect_46_an_error_in_a_callback_does_not_reach_the_network_thread(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    heard: list[object] = []
    connection = mqtt_lab.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(json.loads(payload)))
    mqtt_lab.broker.send("a", b"not JSON")

    mqtt_lab.broker.send("a", b'"JSON"')

    mqtt_lab.eventually(lambda: heard == ["JSON"])
    assert "message-dropped topic=a problem=JSONDecodeError" in caplog.messages
    assert connection.sessions == 1


def test_a_message_that_nobody_asked_for_is_dropped_with_an_event(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    mqtt_lab.connected()

    mqtt_lab.broker.send("unasked", b"")

    mqtt_lab.eventually(lambda: "message-dropped topic=unasked problem=nobody subscribed to it" in caplog.messages)


def test_a_topic_that_is_not_utf_8_is_dropped_and_the_connection_lives_on(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = mqtt_lab.connected()

    mqtt_lab.broker.send_raw(b"\x30\x03\0\x01\xff")

    mqtt_lab.eventually(lambda: "message-dropped topic=? problem=its topic is not UTF-8" in caplog.messages)
    assert connection.sessions == 1


def test_a_callback_may_publish(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("ask", lambda _topic, payload: connection.publish("answer", payload))

    mqtt_lab.broker.send("ask", b"42")

    mqtt_lab.eventually(lambda: [message.topic for message in mqtt_lab.broker.published] == ["answer"])


def test_subscribing_again_replaces_the_callback(mqtt_lab: MqttLab) -> None:
    first: list[bytes] = []
    second: list[bytes] = []
    connection = mqtt_lab.connected()
    connection.subscribe("a", lambda _topic, payload: first.append(payload))
    connection.subscribe("a", lambda _topic, payload: second.append(payload))

    mqtt_lab.broker.send("a", b"x")

    mqtt_lab.eventually(lambda: second == [b"x"])
    assert first == []


def test_subscribing_again_asks_the_broker_again_since_the_qos_may_differ(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)

    connection.subscribe("a", ignore, qos=0)

    assert mqtt_lab.broker.subscribes == [[("a", 1)], [("a", 0)]]


def test_an_unsubscribed_filter_is_told_to_the_broker_and_not_asked_for_again(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)

    connection.unsubscribe("a")

    mqtt_lab.eventually(lambda: mqtt_lab.broker.unsubscribes == [b"a"])
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: connection.sessions == 2)
    assert mqtt_lab.broker.subscribes == [[("a", 1)]]


def test_a_message_that_came_before_the_wait_ends_it_at_once(mqtt_lab: MqttLab) -> None:
    heard: list[bytes] = []
    connection = mqtt_lab.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))
    mqtt_lab.broker.send("a", b"")
    mqtt_lab.eventually(lambda: heard)
    began_s = time.monotonic()

    connection.wait(60_000)

    assert time.monotonic() - began_s < 5


def test_one_message_ends_one_wait(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    connection.subscribe("a", ignore)
    mqtt_lab.broker.send("a", b"")
    connection.wait(5_000)
    began_s = time.monotonic()

    connection.wait(50)

    assert time.monotonic() - began_s > 0.04


def test_a_wait_for_nothing_ends_in_time(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    began_s = time.monotonic()

    connection.wait(50)

    assert 0.04 < time.monotonic() - began_s < 5


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "x" * 65_536])
def test_what_is_no_topic_is_refused_before_it_is_queued(mqtt_lab: MqttLab, topic: str) -> None:
    connection = mqtt_lab.connected()

    with pytest.raises(BadTopic, match="topic: expected a name without wildcards"):
        connection.publish(topic, "")


@pytest.mark.parametrize("topic_filter", ["", "a+/b", "a/#/b", "a#", "#/", "\0"])
def test_what_is_no_filter_is_refused_before_it_is_remembered(mqtt_lab: MqttLab, topic_filter: str) -> None:
    with pytest.raises(BadTopic, match="topic filter: expected whole levels"):
        mqtt_lab.connection().subscribe(topic_filter, ignore)


@pytest.mark.parametrize("topic_filter", ["a", "+", "#", "a/+/b/#", "/", "$aws/things/T/jobs/+/get/accepted"])
def test_every_filter_of_the_protocol_is_taken(topic_filter: str) -> None:
    check_filter(topic_filter, qos=1)


def test_qos_2_which_aws_iot_does_not_know_is_refused(mqtt_lab: MqttLab) -> None:
    with pytest.raises(BadTopic, match="qos: expected 0 or 1"):
        mqtt_lab.connected().publish("a", "", qos=2)


def _note_filter(heard: list[str], topic_filter: str, _topic: str, _payload: bytes) -> None:
    heard.append(topic_filter)
