"""The connection of the how-to: complete by the protocol, and at work against the local AWS."""

import inspect
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from aws.iot import iot, jobs
from aws.iot.errors import ConnectFailed
from aws.iot.mqtt._client_cpython import PahoConnection
from aws.iot.mqtt._tls_cpython import tls_context
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from tests.labs.docs_pages import blocks, read, section
from tests.labs.mqtt_lab import MqttLab, ignore, paho_lab

if TYPE_CHECKING:
    from aws.iot.mqtt import Connection

__all__ = ("paho_lab",)

PAGE = "docs/how-to/own-connection.md"
TIMEOUT_S = 20.0

FASTER = """
from functools import partial
from paho.mqtt.client import Client
from aws.iot.mqtt import rules
from fota_testing import connection_contract

# The contract wants the bounds to be kept, however short they are, and AWS IoT's quotas with them.
rules.GRANT_WITHIN_MS = 1_000
rules.GOODBYE_WITHIN_MS = 400
rules.ACKNOWLEDGE_WITHIN_MS = 1_000
rules.ASK_REFUSED_MS = (20, 160)
rules.CONNECT_EVERY_MS = 90
rules.PUBLISH_EVERY_MS = 8
delays = Client.reconnect_delay_set
Client.reconnect_delay_set = lambda client, least, most: delays(client, 0.01, 0.1)
Traits = connection_contract.ConnectionTraits
connection_contract.ConnectionTraits = partial(Traits, connects_apart_ms=60, second_ms=400)
import check_borrowed
"""


@pytest.fixture
def borrowed() -> ModuleType:
    (example,) = [block for block in blocks(read(PAGE)) if block.words == "file=borrowed.py"]
    module = ModuleType("borrowed")
    exec(example.content, module.__dict__)
    return module


def members() -> dict[str, object]:
    """What the protocol asks for; the connection that comes with the library has just that."""
    return {name: value for name, value in vars(PahoConnection).items() if not name.startswith("_")}


def test_the_table_names_every_member_of_the_protocol() -> None:
    table = section(read(PAGE), "## The protocol")
    named = [line.split("`")[1].split("(")[0] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(named) == sorted(members())


def test_the_example_has_every_member_with_the_arguments_of_the_protocol(borrowed: ModuleType) -> None:
    for name, member in members().items():
        if inspect.isfunction(member):
            theirs = getattr(borrowed.BorrowedClient, name)
            assert list(inspect.signature(theirs).parameters) == list(inspect.signature(member).parameters)


@pytest.mark.slow
def test_the_example_meets_the_contract_as_the_check_of_the_page_says(tmp_path: Path) -> None:
    for name in ("borrowed.py", "check_borrowed.py"):
        (example,) = [block for block in blocks(read(PAGE)) if block.words == f"file={name}"]
        (tmp_path / name).write_text(example.content)

    # In a process of its own, since paho leaves sockets to the collector.
    done = subprocess.run([sys.executable, "-c", FASTER], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["clause 9: what the broker hangs up on, since `drops_forbidden` is False"]


def test_the_callbacks_of_the_program_are_called_too(borrowed: ModuleType) -> None:
    seen: list[str] = []
    client = Client(CallbackAPIVersion.VERSION2, "borrowed-1")
    client.on_disconnect = lambda *_: seen.append("the program's")

    borrowed.BorrowedClient(client, "borrowed-1")
    client.on_disconnect(client, None, None, None, None)

    assert seen == ["the program's"]


def test_a_callback_that_the_program_sets_later_is_called_and_the_connection_is_mended(
    borrowed: ModuleType, paho_lab: MqttLab
) -> None:
    seen: list[str] = []
    with running(borrowed, paho_lab) as (client, connection):
        connection.connect()
        client.on_connect = lambda *_: seen.append("connected")
        client.on_subscribe = lambda *_: seen.append("subscribed")

        connection.subscribe("a", ignore)
        paho_lab.broker.kick()
        paho_lab.mended(connection, 2)

    assert seen == ["subscribed", "connected", "subscribed"]


def test_no_subscribe_has_more_than_eight_filters_not_even_the_first(borrowed: ModuleType, paho_lab: MqttLab) -> None:
    with running(borrowed, paho_lab) as (_, connection):
        for number in range(17):
            connection.subscribe(f"topic/{number}", ignore)

        connection.connect()

    assert [len(batch) for batch in paho_lab.broker.subscribes] == [8, 8, 1]


def test_a_program_that_starts_without_a_network_connects_once_it_is_there(
    borrowed: ModuleType, paho_lab: MqttLab
) -> None:
    port = paho_lab.broker.port
    paho_lab.broker.close()
    with running(borrowed, paho_lab) as (_, connection):
        with pytest.raises(ConnectFailed):
            connection.connect(timeout_ms=100)

        paho_lab.broker = paho_lab.broker_with(paho_lab.authority.server_context(["localhost"]), port)

        connection.connect()


@contextmanager
def running(borrowed: ModuleType, lab: MqttLab) -> Iterator[tuple[Client, "Connection"]]:
    """The program's client on its way to the lab's broker, as the page says, and our connection over it."""
    client = Client(CallbackAPIVersion.VERSION2, "borrowed-1")
    client.tls_set_context(tls_context(lab.credentials()))
    client.reconnect_delay_set(0.02, 0.1)  # type: ignore[arg-type]
    connection = borrowed.BorrowedClient(client, "borrowed-1")
    client.connect_async("localhost", lab.broker.port)
    client.loop_start()
    try:
        yield client, connection
    finally:
        connection.disconnect()
        client.disconnect()
        client.loop_stop()


@pytest.mark.e2e
def test_the_example_carries_jobs_and_hears_of_them_after_a_reconnect(
    borrowed: ModuleType, local_aws: LocalAws, tmp_path: Path
) -> None:
    (added,) = add_things(local_aws.cloud(), ["borrowed-1"], tmp_path, local_aws.thing_options())
    host, _, port = added.endpoint.partition(":")
    client = Client(CallbackAPIVersion.VERSION2, added.name)
    client.tls_set(
        str(local_aws.ca_bundle), str(added.folder / "certificate.pem.crt"), str(added.folder / "private.pem.key")
    )
    connection = borrowed.BorrowedClient(client, added.name)
    client.connect(host, int(port))
    client.loop_start()
    try:
        thing = iot.Thing(added.endpoint, added.name, "", "", connection=connection)
        thing.mqtt.connect()
        myjobs = jobs.Jobs(thing)
        assert myjobs.changed()
        assert myjobs.list() == ([], [])

        present = client.socket()
        assert isinstance(present, socket.socket)
        socket.socket.shutdown(present, socket.SHUT_RDWR)
        until(myjobs.changed)
        make_job(local_aws, added.name)
        until(myjobs.changed)
        _, queued = myjobs.list()
        assert [job.describe() for job in queued] == [True]
        assert queued[0].document == {"operation": "say"}
        thing.mqtt.close()
    finally:
        client.disconnect()
        client.loop_stop()


def make_job(local: LocalAws, name: str) -> None:
    iot_client = local.cloud().iot
    arn = iot_client.describe_thing(thingName=name)["thingArn"]
    iot_client.create_job(jobId=f"say-{name}", targets=[arn], document=json.dumps({"operation": "say"}))


def until(condition: object) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)
