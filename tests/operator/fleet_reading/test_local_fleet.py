"""The fleet on the local AWS: a real registry, real shadows over REST, and its index of the registry."""

import json
from collections.abc import Callable, Iterator

import pytest

from fota_operator.account.bootstrap import BootstrapRequest, bootstrap
from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from tests.labs.accounts import OPERATOR_ARN, access_of_new_user
from tests.labs.aws_for_tests import cloud, local_aws
from tests.labs.fota_command import FotaCommand
from tests.labs.strict_fleet import telling

__all__ = ("cloud", "local_aws")

pytestmark = pytest.mark.e2e


@pytest.fixture(params=["OFF", "REGISTRY"])
def index(request: pytest.FixtureRequest, cloud: Cloud) -> Iterator[str]:
    """How the local AWS indexes: it has no named shadows in its index."""
    mode = str(request.param)
    status = {} if mode == "OFF" else {"thingConnectivityIndexingMode": "STATUS"}
    cloud.iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": mode} | status)  # type: ignore[arg-type]
    yield mode
    cloud.iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"})


@pytest.fixture
def group(cloud: Cloud, new_name: Callable[[], str]) -> str:
    """Of three things: one that tells what it runs, one that tells nonsense, one that tells nothing."""
    name = new_name()
    cloud.iot.create_thing_group(thingGroupName=name)
    for number, said in enumerate([telling("1.4.0"), telling(state="fine"), None], start=1):
        thing = f"{name}-{number}"
        cloud.iot.create_thing(thingName=thing)
        cloud.iot.add_thing_to_thing_group(thingGroupName=name, thingName=thing)
        if said is not None:
            say(cloud, thing, said)
    return name


def say(cloud: Cloud, thing: str, said: object) -> None:
    payload = json.dumps({"state": {"reported": said}}).encode()
    cloud.iot_data.update_thing_shadow(thingName=thing, shadowName="fota", payload=payload)


def listed(fota: FotaCommand, *options: str) -> dict[str, tuple[str | None, str | None]]:
    """The version and the doubt of each thing."""
    found = json.loads(fota("things", "list", "--json", *options).stdout)
    return {one["thing"]: (one["version"], one["uncertain"] and one["uncertain"]["kind"]) for one in found}


def test_what_runs_where_is_read_from_real_shadows(fota: FotaCommand, group: str, index: str) -> None:
    everything = {
        f"{group}-1": ("1.4.0", None),
        f"{group}-2": (None, "nonsense"),
        f"{group}-3": (None, "not-told"),
    }
    assert listed(fota, "--group", group) == everything
    assert everything.items() <= listed(fota).items()
    assert f"{group}-1" in listed(fota, "--version", ">=1.4")


def test_an_index_that_only_takes_the_names_of_shadows_is_not_asked_for_them(
    fota: FotaCommand, cloud: Cloud, group: str
) -> None:
    bootstrap(cloud, BootstrapRequest())
    assert listed(fota, "--group", group)[f"{group}-1"] == ("1.4.0", None)


def test_a_device_that_is_registered_again_does_not_run_what_the_former_one_did(
    fota: FotaCommand, cloud: Cloud, local_aws: LocalAws, index: str, new_name: Callable[[], str], tmp_path: object
) -> None:
    name = new_name()
    say(cloud, name, telling("1.4.0"))
    # As `fota things add` does an hour later, by the clock of the test.
    cloud.iot.create_thing(thingName=name, attributePayload={"attributes": {"made-at": "99999999999"}})
    assert listed(fota)[name] == (None, "older-thing")


def test_a_thing_of_ours_says_when_it_was_registered(
    cloud: Cloud, local_aws: LocalAws, new_name: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    (added,) = add_things(cloud, [new_name()], tmp_path_factory.mktemp("things"), local_aws.thing_options())
    made_at = cloud.iot.describe_thing(thingName=added.name)["attributes"]["made-at"]
    assert 1_700_000_000 < int(made_at) < 99_999_999_999


def test_an_operator_may_read_the_fleet(
    cloud: Cloud, local_aws: LocalAws, fota: FotaCommand, group: str, index: str
) -> None:
    bootstrap(cloud, BootstrapRequest(bucket=None, index=False))
    # The local AWS judges both on another resource than AWS does.
    access = access_of_new_user(cloud, local_aws, OPERATOR_ARN, allowed=("iot:DescribeIndex", "iot:SearchIndex"))
    fota.environment["AWS_ACCESS_KEY_ID"] = access.access_key_id or ""
    fota.environment["AWS_SECRET_ACCESS_KEY"] = access.secret_access_key or ""
    shown = fota("fleet", "--group", group)
    assert (shown.exit_code, shown.stderr.count("not known")) == (0, 0), shown.output


def test_those_that_put_an_update_off_are_shown_with_their_reason(
    fota: FotaCommand, cloud: Cloud, group: str, device: object
) -> None:
    job_id = f"fota-{group}"
    arn = cloud.iot.describe_thing(thingName=f"{group}-1")["thingArn"]
    cloud.iot.create_job(jobId=job_id, targets=[arn], document="{}")
    device.report(f"{group}-1", job_id, "IN_PROGRESS", step="deferred", reason="a pump runs")  # type: ignore[attr-defined]
    found = json.loads(fota("fleet", "--deferred", "--json").stdout)
    assert {one["thing"]: one["deferred"] for one in found} == {f"{group}-1": "a pump runs"}
