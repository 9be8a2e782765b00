"""The connection of MicroPython against a broker that is not ours: jobs, policies and mutual TLS of the local AWS."""

import json
from uuid import uuid4

import pytest

from aws.iot import iot, jobs
from aws.iot.errors import NoAnswer, NotConnected
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import AddedThing, add_things
from tests.labs.mqtt_micropython_connections import Local, Remote
from tests.labs.mqtt_micropython_lab import MicroPythonLab

pytestmark = pytest.mark.e2e


@pytest.fixture
def added(both: MicroPythonLab, local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> AddedThing:
    name = f"mpy-{uuid4().hex[:8]}"
    return add_things(local_aws.cloud(), [name], tmp_path_factory.mktemp("things"), local_aws.thing_options())[0]


def test_a_job_is_heard_of_described_and_reported(
    both: MicroPythonLab, local_aws: LocalAws, added: AddedThing
) -> None:
    thing = _thing(both, local_aws, added)
    myjobs = jobs.Jobs(thing)
    job_id = _start_job(local_aws, added)

    both.eventually(myjobs.changed)
    _, queued = myjobs.list()
    (job,) = queued
    assert job.describe()
    assert job.document == {"operation": "greet"}
    assert job.update(job.IN_PROGRESS)
    assert job.update(job.SUCCEEDED, {"said": "hello"})

    execution = local_aws.cloud().iot.describe_job_execution(jobId=job_id, thingName=added.name)["execution"]
    assert execution["status"] == "SUCCEEDED"


def test_a_job_that_came_while_the_device_was_away_is_found_after_it_is_back(
    both: MicroPythonLab, local_aws: LocalAws, added: AddedThing
) -> None:
    thing = _thing(both, local_aws, added)
    myjobs = jobs.Jobs(thing)
    thing.mqtt.disconnect()
    job_id = _start_job(local_aws, added)

    thing.mqtt.connect()

    assert myjobs.changed()
    assert [job.jobid for job in myjobs.list()[1]] == [job_id]
    assert thing.mqtt.sessions == 2


def test_a_forbidden_filter_is_an_error_and_the_connection_lives_on(
    both: MicroPythonLab, local_aws: LocalAws, added: AddedThing
) -> None:
    both.rule("GRANT_WITHIN_MS", 2_000)
    thing = _thing(both, local_aws, added)

    with pytest.raises((NotConnected, NoAnswer)):
        thing.mqtt.subscribe("forbidden/topic", lambda _topic, _payload: None)

    both.eventually(thing.mqtt.is_connected)


def _thing(lab: MicroPythonLab, local: LocalAws, added: AddedThing) -> iot.Thing:
    connection: Local | Remote = lab.connection(
        endpoint=added.endpoint,
        client_id=added.name,
        clicert=(added.folder / "certificate.pem.crt").read_text(),
        pkey=(added.folder / "private.pem.key").read_text(),
        cacert=local.ca_bundle.read_text(),
    )
    connection.connect()
    # Credentials are the connection's own business.
    return iot.Thing(added.endpoint, added.name, "", "", connection=connection)  # type: ignore[arg-type]


def _start_job(local: LocalAws, added: AddedThing) -> str:
    job_id = f"greet-{uuid4().hex}"
    cloud = local.cloud()
    arn = f"arn:aws:iot:{cloud.region}:{cloud.account_id}:thing/{added.name}"
    cloud.iot.create_job(jobId=job_id, targets=[arn], document=json.dumps({"operation": "greet"}))
    return job_id
