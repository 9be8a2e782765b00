"""The how-to about connections of a program's own: its programs run, and its check holds what it says."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from aws.iot import iot, jobs
from aws.iot.connections import over_paho
from aws.iot.mqtt._client_cpython import PahoConnection
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from tests.labs.borrowed_clients import only_with_awscrt
from tests.labs.docs_pages import blocks, read, section

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
rules.ASK_FORBIDDEN_MS = (60_000, 60_000)
rules.CONNECT_EVERY_MS = 150
rules.PUBLISH_EVERY_MS = 8
rules.TURN_MS = 50
delays = Client.reconnect_delay_set
Client.reconnect_delay_set = lambda client, least, most: delays(client, 0.01, 0.1)
Traits = partial(connection_contract.ConnectionTraits, connects_apart_ms=60, second_ms=400)
check = connection_contract.check_connection
connection_contract.check_connection = lambda make: check(make, Traits())
import check_mine
"""


def program(name: str, folder: Path) -> Path:
    (example,) = [block for block in blocks(read(PAGE)) if block.words == f"file={name}"]
    (folder / name).write_text(example.content)
    return folder / name


def test_the_table_names_every_member_of_the_protocol() -> None:
    table = section(read(PAGE), "## A connection that you write")
    named = [line.split("`")[1].split("(")[0] for line in table.splitlines() if line.startswith("| `")]
    # The connection that comes with the library has just what the protocol asks for.
    assert sorted(named) == sorted(name for name in vars(PahoConnection) if not name.startswith("_"))


@pytest.mark.slow
def test_the_check_of_the_page_leaves_nothing_out(tmp_path: Path) -> None:
    program("check_mine.py", tmp_path)

    # In a process of its own, since paho leaves sockets to the collector.
    done = subprocess.run([sys.executable, "-c", FASTER], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "left out: []\n"


@pytest.mark.e2e
@pytest.mark.parametrize(
    "name",
    [
        "with_paho.py",
        pytest.param("with_awscrt.py", marks=only_with_awscrt),
        pytest.param("with_awscrt5.py", marks=only_with_awscrt),
    ],
)
def test_the_programs_of_the_page_hear_of_their_jobs(name: str, local_aws: LocalAws, tmp_path: Path) -> None:
    (added,) = add_things(local_aws.cloud(), [name.removesuffix(".py")], tmp_path, local_aws.thing_options())
    make_job(local_aws, added.name)
    host, _, port = added.endpoint.partition(":")
    files = (local_aws.ca_bundle, added.folder / "certificate.pem.crt", added.folder / "private.pem.key")
    command = [sys.executable, str(program(name, tmp_path)), host, port, added.name, *map(str, files)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("jobs ([], [<")


@pytest.mark.e2e
def test_a_borrowed_client_carries_jobs_and_hears_of_them_after_a_reconnect(
    local_aws: LocalAws, tmp_path: Path
) -> None:
    (added,) = add_things(local_aws.cloud(), ["borrowed-1"], tmp_path, local_aws.thing_options())
    host, _, port = added.endpoint.partition(":")
    client = Client(CallbackAPIVersion.VERSION2, added.name)
    client.tls_set(
        str(local_aws.ca_bundle), str(added.folder / "certificate.pem.crt"), str(added.folder / "private.pem.key")
    )
    connection = over_paho(client)
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
