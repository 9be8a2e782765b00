"""A connection over the program's own client: the program stays the owner, and its callbacks work as before."""

from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from aws.iot.connections import over_awscrt, over_paho
from aws.iot.errors import ConnectFailed
from fota_testing.servers.mqtt_packets import SUBACK
from tests.labs.borrowed_clients import PAHO
from tests.labs.borrowed_lab import Begin, begin, each_client, each_paho
from tests.labs.mqtt_lab import MqttLab, ignore, paho_lab

pytestmark = pytest.mark.slow

__all__ = ("begin", "paho_lab")


@pytest.fixture
def lab(paho_lab: MqttLab) -> MqttLab:
    """The broker and its arrangements."""
    return paho_lab


@each_client
def test_a_client_that_its_program_ends_and_connects_again_is_subscribed_again(
    lab: MqttLab, begin: Begin, name: str
) -> None:
    heard: list[bytes] = []
    program = begin(name)
    program.connect()
    program.subscribe("a", lambda _, payload: heard.append(payload))

    program.end()
    lab.eventually(lambda: not program.is_connected())
    program.publish("kept", "while it is away")
    program.begin()

    lab.eventually(lambda: program.sessions == 2 and program.is_connected())
    lab.broker.send("a", b"again")
    lab.eventually(lambda: heard == [b"again"] and [one.topic for one in lab.broker.published] == ["kept"])


@each_client
def test_a_client_that_is_never_connected_is_said_so(begin: Begin, name: str) -> None:
    program = begin(name)

    with pytest.raises(ConnectFailed, match="the program's client is not connected"):
        program.connection.connect(timeout_ms=50)

    assert not program.is_connected()


@each_client
def test_subscriptions_without_an_answer_at_a_reconnect_are_asked_for_again(
    lab: MqttLab, begin: Begin, name: str
) -> None:
    lab.rule("ACCEPT_WITHIN_MS", 100)
    lab.rule("TURN_MS", 20)
    program = begin(name)
    program.connect()
    program.subscribe("a", ignore)

    lab.broker.withheld.add(SUBACK)
    lab.broker.kick()
    lab.eventually(lambda: len(lab.broker.subscribes) > 2)
    lab.broker.withheld.clear()

    lab.eventually(lambda: program.sessions == 2 and program.is_connected())


@each_paho
def test_paho_waits_before_it_connects_again_as_long_as_aws_wants(lab: MqttLab, begin: Begin, name: str) -> None:
    lab.rule("CONNECT_EVERY_MS", 600)
    # A breach of this fails the test at its end; paho alone would connect again after 90 ms.
    lab.broker.quotas.connects_apart_ms = 500
    program = begin(name)
    program.connect()

    lab.broker.kick()

    lab.eventually(lambda: program.sessions == 2)


@each_paho
def test_the_callbacks_of_the_program_are_called_those_set_before_and_those_set_after(
    lab: MqttLab, begin: Begin, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    make: Any = PAHO[name].new_client

    def with_callback(program: Any) -> Client:
        client: Client = make(program)
        client.on_connect = lambda *_: seen.append("connected")
        return client

    monkeypatch.setattr(PAHO[name], "new_client", with_callback)
    program = begin(name)
    program.connect()
    program.client.on_subscribe = lambda *_: seen.append("subscribed")
    program.client.on_publish = lambda *_: seen.append("published")
    program.client.on_disconnect = lambda *_: seen.append("lost")

    program.subscribe("a", ignore)
    program.client.publish("own", "the program's", qos=1).wait_for_publish(10)
    lab.broker.kick()
    lab.mended(program, 2)

    assert seen == ["connected", "subscribed", "published", "lost", "connected", "subscribed"]


@each_paho
def test_the_program_hears_what_it_subscribed_to_and_nothing_of_the_connection(
    lab: MqttLab, begin: Begin, name: str
) -> None:
    own: list[str] = []
    filtered: list[str] = []
    ours: list[str] = []
    program = begin(name)
    program.client.on_message = lambda _client, _userdata, message: own.append(message.topic)
    program.client.message_callback_add("own/filtered", lambda *given: filtered.append(given[2].topic))
    program.connect()
    program.client.subscribe([("own/#", 1), ("shared", 1)])
    for topic_filter in ("ours", "shared"):
        program.subscribe(topic_filter, lambda topic, _: ours.append(topic))

    for topic in ("own/a", "own/filtered", "ours", "shared", "last"):
        lab.broker.send(topic, b"")

    lab.eventually(lambda: own[-1:] == ["last"])
    assert (own, filtered, ours) == (["own/a", "shared", "last"], ["own/filtered"], ["ours", "shared"])


@each_client
def test_a_filter_that_the_program_leaves_is_asked_for_again_where_the_connection_needs_it(
    lab: MqttLab, begin: Begin, name: str
) -> None:
    program = begin(name)
    program.connect()
    program.subscribe("both", ignore)

    if name == "awscrt 5":
        from awscrt import mqtt5

        program.client.unsubscribe(mqtt5.UnsubscribePacket(["both"]))
    else:
        program.client.unsubscribe("both")

    lab.eventually(lambda: lab.broker.unsubscribes == [b"both"] and len(lab.broker.subscribes) == 2)
    assert lab.broker.subscribes == [[("both", 1)], [("both", 1)]]


@each_paho
def test_a_filter_that_the_program_has_too_is_not_taken_from_it(lab: MqttLab, begin: Begin, name: str) -> None:
    program = begin(name)
    program.connect()
    program.client.subscribe("both", 1)
    program.subscribe("both", ignore)
    program.subscribe("ours", ignore)

    program.close()

    lab.eventually(lambda: lab.broker.farewells)
    assert lab.broker.unsubscribes == [b"ours"]


@each_paho
def test_a_client_that_is_connected_already_is_taken_as_it_is(lab: MqttLab, begin: Begin, name: str) -> None:
    own: list[str] = []
    program = begin(name)
    client = program.new_client()
    client.on_message = lambda _client, _userdata, message: own.append(message.topic)
    client.connect("localhost", lab.broker.port)
    client.loop_start()
    lab.eventually(client.is_connected)

    program.connection, program.client = over_paho(client), client
    program.connection.connect()
    program.subscribe("a", ignore)
    lab.broker.send("a", b"")

    # What it subscribed to before is not known: it hears everything, as before.
    lab.eventually(lambda: own == ["a"])
    assert program.sessions == 1


def test_a_callback_of_the_program_that_fails_does_not_keep_the_connection_from_knowing(
    lab: MqttLab, begin: Begin
) -> None:
    def fail(*_: object) -> None:
        raise ValueError

    program = begin("paho 3.1.1")
    program.client.suppress_exceptions = True
    program.client.on_connect = fail

    program.connect()

    assert program.is_connected()


def test_another_object_is_refused() -> None:
    with pytest.raises(TypeError, match=r"client: expected a paho\.mqtt\.client\.Client, got str"):
        over_paho("client")  # type: ignore[type-var]


def test_a_client_has_one_connection() -> None:
    client = Client(CallbackAPIVersion.VERSION2, "a")
    over_paho(client)

    with pytest.raises(ValueError, match="it has a connection already"):
        over_paho(client)


def test_the_client_stays_what_it_was() -> None:
    class Own(Client):
        """A program's own class."""

    client = Own(CallbackAPIVersion.VERSION2, "a")

    connection = over_paho(client)

    assert connection.client is client
    assert isinstance(client, Own)
    assert type(client).__name__ == "Own"


def test_without_awscrt_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "awscrt", None)

    with pytest.raises(ImportError, match="awscrt is needed, and the extra awscrt of this library installs it"):
        over_awscrt(object())
