"""What a connection does about its own loss."""

import pytest

from aws.iot.errors import NoAnswer
from aws.iot.mqtt import MOST_FRUITLESS
from fota.backoff import Backoff
from iot.broker import PUBACK, SUBACK, SUBSCRIBE
from iot.mqtt_lab import MqttLab


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
    connection.subscribe("a", _ignore)
    mqtt_lab.broker.withheld.add(SUBACK)
    mqtt_lab.broker.kick()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.subscribes) == 2)

    assert (connection.sessions, connection.is_connected()) == (1, False)


def test_no_more_than_eight_filters_are_in_one_packet(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection()
    filters = [f"topic/{number}" for number in range(17)]
    for topic_filter in filters:
        connection.subscribe(topic_filter, _ignore)

    connection.connect()

    assert [len(packet) for packet in mqtt_lab.broker.subscribes] == [8, 8, 1]
    assert [name for packet in mqtt_lab.broker.subscribes for name, _ in packet] == filters


def test_a_subscription_refused_after_a_loss_is_told_and_the_others_live_on(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = mqtt_lab.connected()
    connection.subscribe("kept", _ignore)
    connection.subscribe("taken/away", _ignore)
    mqtt_lab.broker.refused_filters.add("taken/away")

    mqtt_lab.broker.kick()

    mqtt_lab.eventually(lambda: connection.sessions == 2)
    assert "subscribe-refused topics=taken/away" in caplog.messages


def test_a_subscription_asked_for_while_the_connection_is_down_is_made_when_it_is_up(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected(backoff=_slow_once())
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: not connection.is_connected())

    connection.subscribe("later", _ignore)

    mqtt_lab.eventually(lambda: connection.sessions == 2)
    assert mqtt_lab.broker.subscribes == [[("later", 1)]]


def test_what_is_published_while_the_connection_is_down_arrives_in_order_when_it_is_up(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected(backoff=_slow_once())
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: not connection.is_connected())

    for number in range(60):
        connection.publish("sample", str(number))

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.published) == 60)
    assert [int(message.payload) for message in mqtt_lab.broker.published] == list(range(60))


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

    assert _topics(mqtt_lab).count("forbidden") == MOST_FRUITLESS
    dropped = [line for line in caplog.messages if line.startswith("message-dropped")]
    assert dropped == [f"message-dropped topic=forbidden problem=not acknowledged on {MOST_FRUITLESS} connections"]
    connection.publish("later", "3")
    mqtt_lab.eventually(lambda: _topics(mqtt_lab)[-1:] == ["later"])


def test_a_message_that_meets_many_losses_is_kept_while_others_are_acknowledged(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()
    for session in range(2, MOST_FRUITLESS + 4):
        mqtt_lab.broker.withheld.add(PUBACK)
        connection.publish("kept", str(session))
        mqtt_lab.eventually(lambda: _topics(mqtt_lab)[-1:] == ["kept"])
        mqtt_lab.broker.withheld.clear()
        mqtt_lab.broker.kick()
        mqtt_lab.eventually(lambda session=session: connection.sessions == session)
        connection.publish(f"sample/{session}", "")
        mqtt_lab.eventually(lambda session=session: f"sample/{session}" in _topics(mqtt_lab))

    assert {message.payload for message in mqtt_lab.broker.published if message.topic == "kept"} == {
        str(session).encode() for session in range(2, MOST_FRUITLESS + 4)
    }


def test_the_back_off_is_not_reset_by_being_accepted(mqtt_lab: MqttLab) -> None:
    ceilings = _Ceilings()
    connection = mqtt_lab.connected(backoff=ceilings)

    for session in range(2, 6):
        mqtt_lab.broker.kick()
        mqtt_lab.eventually(lambda session=session: connection.sessions == session)

    assert ceilings.seen == [1, 2, 4, 8]


def test_the_back_off_starts_over_after_a_connection_that_lasted(
    mqtt_lab: MqttLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws.iot._mqtt_loop_cpython.STABLE_MS", 0)
    ceilings = _Ceilings()
    connection = mqtt_lab.connected(backoff=ceilings)

    for session in range(2, 5):
        mqtt_lab.broker.kick()
        mqtt_lab.eventually(lambda session=session: connection.sessions == session)

    assert ceilings.seen == [1, 1, 1]


def test_a_filter_that_makes_the_broker_hang_up_is_told_of_and_asked_for_no_more(
    mqtt_lab: MqttLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws.iot._mqtt_session_cpython._GRANT_WITHIN_S", 0.1)
    connection = mqtt_lab.connected()
    mqtt_lab.broker.hangs_up_on.add(SUBSCRIBE)

    with pytest.raises(NoAnswer, match="forbidden: no answer"):
        connection.subscribe("forbidden", _ignore)

    mqtt_lab.eventually(connection.is_connected)


def test_a_packet_that_is_not_mqtt_costs_the_connection_and_not_the_device(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()

    mqtt_lab.broker.send_raw(b"\x30\x01\xff")

    mqtt_lab.eventually(lambda: connection.sessions == 2)


def test_a_quiet_connection_is_kept_alive(mqtt_lab: MqttLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aws.iot._mqtt_loop_cpython.KEEPALIVE_S", 1)
    monkeypatch.setattr("aws.iot._mqtt_loop_cpython._TURN_MS", 50)

    mqtt_lab.connected()

    mqtt_lab.eventually(lambda: mqtt_lab.broker.pings)


class _Ceilings(Backoff):
    """Notes the ceiling that each delay is drawn below, and draws none."""

    def __init__(self) -> None:
        super().__init__(1, 1_000, lambda: 0.0)
        self.seen: list[int] = []

    def next_ms(self) -> int:
        self.seen.append(self._ceiling_ms)
        return super().next_ms()


def _slow_once() -> Backoff:
    """Long enough down for a test to act meanwhile."""
    return Backoff(300, 300, lambda: 0.99)


def _topics(lab: MqttLab) -> list[str]:
    return [message.topic for message in lab.broker.published]


def _ignore(_topic: str, _payload: bytes) -> None:
    pass
