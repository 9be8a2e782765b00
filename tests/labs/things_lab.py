"""What tests of things arrange with: a folder for things, a thing in it, and what AWS IoT has of such."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import AddedThing, add_things

NewName = Callable[[], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "things"


@pytest.fixture
def added(local_aws: LocalAws, cloud: Cloud, folder: Path, new_name: NewName) -> AddedThing:
    (one,) = add_things(cloud, [new_name()], folder, local_aws.thing_options(("plant/alarm",)))
    return one


def parts_of(cloud: Cloud) -> tuple[set[str], set[str], set[str]]:
    """The names of everything of this kind that AWS IoT has."""
    return (
        {one["thingName"] for one in cloud.iot.list_things()["things"]},
        {one["certificateArn"] for one in cloud.iot.list_certificates()["certificates"]},
        {one["policyName"] for one in cloud.iot.list_policies()["policies"]},
    )
