"""The connection of the how-to: complete by the protocol, and at work against the local AWS."""

import inspect
import json
import time
from pathlib import Path
from types import ModuleType

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from aws.iot import iot, jobs
from aws.iot._mqtt_cpython import PahoConnection
from docs.pages import blocks, read, section
from fota_operator.local.aws import LocalAws
from fota_operator.things import add_things

PAGE = "docs/how-to/own-connection.md"
TIMEOUT_S = 20.0


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
    connection = borrowed.BorrowedClient(client)
    client.connect(host, int(port))
    client.loop_start()
    try:
        thing = iot.Thing(added.endpoint, added.name, "", "", connection=connection)
        thing.mqtt.connect()
        myjobs = jobs.Jobs(thing)
        assert myjobs.changed()
        assert myjobs.list() == ([], [])

        client.reconnect()
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
