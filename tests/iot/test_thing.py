"""A thing: its name, its topics, its shadow."""

import json
import subprocess
import sys

import pytest

from aws.iot import topics
from aws.iot.errors import BadCredentials, BadThingName
from aws.iot.iot import Thing
from fota_testing.clock import FakeClock
from fota_testing.jobs.memory_connection import MemoryConnection
from tests.labs.mqtt_lab import MqttLab


@pytest.fixture
def connection() -> MemoryConnection:
    connection = MemoryConnection(FakeClock())
    connection.connect()
    return connection


@pytest.fixture
def thing(connection: MemoryConnection) -> Thing:
    return Thing("endpoint", "client-1", "", "", "thing-1", connection=connection)


def test_a_thing_is_called_as_its_connection_unless_named(connection: MemoryConnection) -> None:
    assert Thing("endpoint", "client-1", "", "", connection=connection).thingname == "client-1"
    assert Thing("endpoint", "client-1", "", "", "thing-1", connection=connection).thingname == "thing-1"


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "ä", "a b", "a" * 129])
def test_a_name_that_would_reach_into_other_topics_is_refused(name: str, connection: MemoryConnection) -> None:
    with pytest.raises(BadThingName, match="thingname: expected 1 to 128 of"):
        Thing("endpoint", "client-1", "", "", name, connection=connection)


@pytest.mark.parametrize("name", ["a", "A:b_c-9", "a" * 128])
def test_every_name_that_the_registry_takes_is_taken(name: str, connection: MemoryConnection) -> None:
    assert Thing("endpoint", "client-1", "", "", name, connection=connection).thingname == name


def test_a_thing_of_the_ancestors_signature_connects(paho_lab: MqttLab) -> None:
    identity = paho_lab.identity
    thing = Thing(paho_lab.endpoint, "client-1", identity.clicert, identity.pkey, cacert=paho_lab.authority.pem)

    thing.mqtt.connect()
    thing.mqtt.loop()
    thing.mqtt.publish("dev/sample", json.dumps({"asample": 7}))

    paho_lab.eventually(lambda: paho_lab.broker.published)
    thing.mqtt.close()
    assert thing.endpoint == paho_lab.endpoint
    assert paho_lab.broker.connects[0].endswith(b"client-1")


def test_bad_credentials_are_told_when_the_thing_is_made() -> None:
    with pytest.raises(BadCredentials, match="clicert:"):
        Thing("endpoint", "client-1", "no/such/certificate.pem", "no/such/key.pem")


def test_a_thing_with_a_connection_of_the_callers_own_needs_no_paho() -> None:
    program = (
        "import sys; sys.modules['paho'] = None\n"
        "from aws.iot.iot import Thing\n"
        "Thing('endpoint', 'client-1', '', '', connection=object())\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_state_is_reported_to_the_shadow(thing: Thing, connection: MemoryConnection) -> None:
    thing.update_shadow({"led": True})

    topic, payload = connection.published[-1]
    assert topic == "$aws/things/thing-1/shadow/update"
    assert json.loads(payload) == {"state": {"reported": {"led": True}}}


def test_a_shadow_request_is_called_back_with_the_delta(thing: Thing, connection: MemoryConnection) -> None:
    requests: list[dict[str, object]] = []
    thing.on_shadow_request(requests.append)

    connection.deliver(topics.shadow_delta("thing-1"), b'{"version":3,"state":{"led":false}}')

    assert requests == [{"led": False}]


def test_what_the_callback_returns_is_reported(thing: Thing, connection: MemoryConnection) -> None:
    thing.on_shadow_request(lambda delta: {"led": delta["led"], "by": "callback"})

    connection.deliver(topics.shadow_delta("thing-1"), b'{"state":{"led":false}}')

    (report,) = connection.published
    assert json.loads(report[1]) == {"state": {"reported": {"led": False, "by": "callback"}}}


def test_a_callback_that_returns_nothing_reports_nothing(thing: Thing, connection: MemoryConnection) -> None:
    thing.on_shadow_request(lambda _delta: None)

    connection.deliver(topics.shadow_delta("thing-1"), b'{"state":{"led":false}}')

    assert connection.published == []


@pytest.mark.parametrize(
    "payload", [b"", b"not JSON", b"[]", b"7", b"{}", b'{"state":7}', b'{"state":null}', b"\xff\xfe", b'{"state":']
)
def test_defect_46_a_malformed_shadow_document_is_dropped_with_an_event(
    thing: Thing, connection: MemoryConnection, caplog: pytest.LogCaptureFixture, payload: bytes
) -> None:
    caplog.set_level("INFO", "fota")
    requests: list[dict[str, object]] = []
    thing.on_shadow_request(requests.append)

    connection.deliver(topics.shadow_delta("thing-1"), payload)

    assert requests == []
    assert caplog.messages == [f"message-dropped topic={topics.shadow_delta('thing-1')} problem=not a shadow delta"]


def test_a_report_that_cannot_be_sent_is_told_and_does_not_raise_in_the_connection(
    thing: Thing, connection: MemoryConnection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")

    def hang_up(_delta: dict[str, object]) -> dict[str, object]:
        connection.disconnect()
        return {"led": False}

    thing.on_shadow_request(hang_up)

    connection.deliver(topics.shadow_delta("thing-1"), b'{"state":{"led":false}}')

    assert "message-dropped topic=$aws/things/thing-1/shadow/update problem=" in caplog.text
