"""awscrt's clients under a connection: their callbacks stay the program's, as far as awscrt has them."""

from collections.abc import Iterator
from typing import Any

import pytest

from aws.iot.connections import over_awscrt
from tests.labs.borrowed_clients import AwscrtProgram, AwscrtProgram5, Program
from tests.labs.mqtt_lab import MqttLab, ignore
from tests.labs.mqtt_lab import paho_lab as lab

__all__ = ("lab",)

mqtt = pytest.importorskip("awscrt.mqtt", reason="awscrt is not installed")
mqtt5 = pytest.importorskip("awscrt.mqtt5", reason="awscrt is not installed")


@pytest.fixture
def programs(lab: MqttLab) -> Iterator[list[Program]]:
    """Those that are closed at the end of the test."""
    lab.open_broker()
    made: list[Program] = []
    yield made
    lab.broker.kick()
    for program in made:
        program.close()


def begun(lab: MqttLab, programs: list[Program], kind: type[Program], **options: Any) -> Program:
    named = type(kind.__name__, (kind,), {"options": options})
    programs.append(named(lab.endpoint, lab.authority.pem))
    programs[-1].connect()
    return programs[-1]


def noting(seen: list[str], word: str) -> Any:
    return lambda *_, **__: seen.append(word)


def test_the_callbacks_for_a_connection_of_mqtt_3_are_called(lab: MqttLab, programs: list[Program]) -> None:
    seen: list[str] = []
    program = begun(
        lab,
        programs,
        AwscrtProgram,
        on_connection_success=noting(seen, "connected"),
        on_connection_interrupted=noting(seen, "lost"),
        on_connection_resumed=noting(seen, "resumed"),
        on_connection_closed=noting(seen, "closed"),
    )

    lab.broker.kick()
    lab.mended(program, 2)
    program.disconnect()

    lab.eventually(lambda: seen[-1] == "closed")
    assert sorted(seen) == ["closed", "connected", "connected", "lost", "resumed"]


def test_the_callbacks_of_a_client_of_mqtt_5_are_called(lab: MqttLab, programs: list[Program]) -> None:
    seen: list[str] = []
    program = begun(
        lab,
        programs,
        AwscrtProgram5,
        on_lifecycle_event_connection_success_fn=lambda _: seen.append("connected"),
        on_lifecycle_event_disconnection_fn=lambda _: seen.append("lost"),
        on_lifecycle_event_stopped_fn=lambda _: seen.append("stopped"),
    )

    lab.broker.kick()
    lab.mended(program, 2)
    program.disconnect()

    lab.eventually(lambda: seen[-1] == "stopped")
    assert seen == ["connected", "lost", "connected", "lost", "stopped"]


def test_a_callback_for_a_filter_of_mqtt_3_is_called_beside_that_of_the_connection(
    lab: MqttLab, programs: list[Program]
) -> None:
    before: list[str] = []
    after: list[str] = []
    old: list[str] = []
    ours: list[str] = []
    program = begun(lab, programs, AwscrtProgram)
    client = program.client
    client.subscribe("before", mqtt.QoS.AT_LEAST_ONCE, lambda topic, **_: before.append(topic))[0].result(5)
    for topic_filter in ("before", "after", "ours"):
        program.subscribe(topic_filter, lambda topic, _: ours.append(topic))
    client.subscribe("after", mqtt.QoS.AT_LEAST_ONCE, lambda topic, **_: after.append(topic))[0].result(5)
    # awscrt's former form of a callback.
    client.subscribe("old", mqtt.QoS.AT_LEAST_ONCE, lambda topic, payload: old.append(topic))[0].result(5)

    for topic in ("before", "after", "ours", "old"):
        lab.broker.send(topic, b"")

    lab.eventually(lambda: old)
    assert (before, after, ours) == (["before"], ["after"], ["before", "after", "ours"])


def test_the_program_of_mqtt_5_hears_what_it_subscribed_to_and_nothing_of_the_connection(
    lab: MqttLab, programs: list[Program]
) -> None:
    own: list[str] = []
    ours: list[str] = []
    program = begun(
        lab, programs, AwscrtProgram5, on_publish_callback_fn=lambda data: own.append(data.publish_packet.topic)
    )
    filters = [mqtt5.Subscription("own", mqtt5.QoS.AT_LEAST_ONCE), mqtt5.Subscription("shared")]
    program.client.subscribe(mqtt5.SubscribePacket(filters)).result(5)
    for topic_filter in ("ours", "shared"):
        program.subscribe(topic_filter, lambda topic, _: ours.append(topic))

    for topic in ("own", "ours", "shared", "own"):
        lab.broker.send(topic, b"")

    lab.eventually(lambda: len(own) == 3)
    assert (own, ours) == (["own", "shared", "own"], ["ours", "shared"])


def test_a_connection_that_is_connected_already_is_taken_if_it_is_said(lab: MqttLab, programs: list[Program]) -> None:
    class Connected(AwscrtProgram):
        def over(self, client: Any) -> Any:
            client.connect().result(5)
            return over_awscrt(client, is_connected=True)

    program = Connected(lab.endpoint, lab.authority.pem)
    programs.append(program)

    program.connection.connect(timeout_ms=5_000)
    program.subscribe("a", ignore)

    assert lab.broker.subscribes == [[("a", 1)]]


def test_a_client_of_mqtt_5_that_is_made_is_too_late(lab: MqttLab, programs: list[Program]) -> None:
    program = begun(lab, programs, AwscrtProgram5)

    with pytest.raises(
        TypeError, match=r"mqtt5\.ClientOptions, got Client: it takes callbacks only while it is made"
    ):
        over_awscrt(program.client)


def test_a_connection_of_mqtt_3_has_one_of_ours(lab: MqttLab, programs: list[Program]) -> None:
    program = begun(lab, programs, AwscrtProgram)

    with pytest.raises(ValueError, match="it has a connection already"):
        over_awscrt(program.client)
