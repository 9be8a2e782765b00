"""What a device runs, in the named shadow of a service that is not ours, under real policies; both connections."""

import json
from uuid import uuid4

import pytest

from aws.iot import iot, jobs
from fota_operator.account.device_policy import policy_name
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import AddedThing, add_things
from tests.labs import reported_state
from tests.labs.device_lab import DeviceLab
from tests.labs.mqtt_micropython_lab import MicroPythonLab

pytestmark = pytest.mark.e2e


@pytest.fixture
def added(both: MicroPythonLab, local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> AddedThing:
    name = f"state-{uuid4().hex[:8]}"
    return add_things(local_aws.cloud(), [name], tmp_path_factory.mktemp("things"), local_aws.thing_options())[0]


def test_the_service_keeps_what_a_device_says(both: MicroPythonLab, local_aws: LocalAws, added: AddedThing) -> None:
    thing = _thing(both, local_aws, added)
    device = DeviceLab().device
    myjobs = jobs.Jobs(thing)
    myjobs.look()
    myjobs.shadows.tell_state(device)
    reported = reported_state.reported(local_aws, added.name)
    assert (reported["slot"], reported["state"], reported["format"]) == (0, "confirmed", 1)
    assert {"last_failure", "version", "product", "seq"} & set(reported) == set()
    assert thing.mqtt.sessions == 1


@pytest.mark.parametrize("kind", ["older", "no publish"])
def test_a_policy_that_forbids_it_costs_one_connection_and_jobs_go_on(
    both: MicroPythonLab, local_aws: LocalAws, added: AddedThing, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    _forbid(local_aws, added, kind)
    thing = _thing(both, local_aws, added)
    device = DeviceLab().device
    myjobs = jobs.Jobs(thing)
    myjobs.look()
    with caplog.at_level("INFO"):
        for _ in range(3):
            myjobs.shadows.tell_state(device)
    assert myjobs.look() == ([], [])
    assert "state-not-told" in caplog.text
    assert f"let the policy allow $aws/things/{added.name}/shadow/name/fota/update" in caplog.text
    both.eventually(thing.mqtt.is_connected)
    assert thing.mqtt.sessions == 2


def _thing(lab: MicroPythonLab, local: LocalAws, added: AddedThing) -> iot.Thing:
    connection = lab.connection(
        endpoint=added.endpoint,
        client_id=added.name,
        clicert=(added.folder / "certificate.pem.crt").read_text(),
        pkey=(added.folder / "private.pem.key").read_text(),
        cacert=local.ca_bundle.read_text(),
    )
    connection.connect()
    return iot.Thing(added.endpoint, added.name, "", "", connection=connection)  # type: ignore[arg-type]


def _forbid(local: LocalAws, added: AddedThing, kind: str) -> None:
    """Take the named shadow out of the device's policy: all of it, as in an older one, or what it publishes."""
    client = local.cloud().iot
    name = policy_name(added.name)
    document = json.loads(client.get_policy(policyName=name)["policyDocument"])
    for statement in document["Statement"]:
        statement["Resource"] = [
            resource.replace("shadow/*update/*", "shadow/update/delta") if kind == "older" else resource
            for resource in statement["Resource"]
            if not resource.endswith("shadow/name/fota/update")
        ]
    client.create_policy_version(policyName=name, policyDocument=json.dumps(document), setAsDefault=True)
