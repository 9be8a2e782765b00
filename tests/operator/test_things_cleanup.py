"""Cleaning up things: all of a thing goes, and what is not ours stays."""

import shutil
from pathlib import Path

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput, NotFound, OperatorError
from fota_operator.things.cleanup import cleanup_things
from fota_operator.things.things import AddedThing, add_things, thing_arn
from tests.labs.things_lab import NewName, added, folder, parts_of

__all__ = ("added", "folder")

pytestmark = pytest.mark.e2e


def test_what_a_killed_add_left_does_not_hinder_a_cleanup(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    shutil.copytree(added.folder, folder / ".other.part")
    assert cleanup_things(cloud, folder) == (added.name,)


@pytest.mark.parametrize("name", ["../elsewhere", "", ".", "a b"])
def test_only_a_thing_is_cleaned_up(cloud: Cloud, folder: Path, added: AddedThing, name: str) -> None:
    with pytest.raises(BadInput, match="thing name"):
        cleanup_things(cloud, folder, names=[name])
    assert added.folder.exists()


def test_a_thing_of_another_folder_is_left_alone(
    cloud: Cloud, folder: Path, added: AddedThing, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(BadInput, match="thing name"):
        cleanup_things(cloud, tmp_path / "other", names=[f"../{folder.name}/{added.name}"])
    assert thing_arn(cloud, added.name) is not None


def test_a_folder_that_cannot_be_removed_is_named(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    (added.folder / "cacert.pem").unlink()
    (added.folder / "cacert.pem").mkdir()
    with pytest.raises(OperatorError, match=r"cannot remove .*cacert\.pem"):
        cleanup_things(cloud, folder)


def test_cleaning_up_removes_all_of_a_thing(cloud: Cloud, folder: Path, new_name: NewName) -> None:
    before = parts_of(cloud)
    added = add_things(cloud, [new_name(), f"a:{new_name()}"], folder)
    removed = cleanup_things(cloud, folder)
    assert set(removed) == {one.name for one in added}
    assert parts_of(cloud) == before
    assert list(folder.iterdir()) == []


def test_cleaning_up_removes_what_the_device_said(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    said = b'{"state": {"reported": {"format": 1}}}'
    cloud.iot_data.update_thing_shadow(thingName=added.name, shadowName="fota", payload=said)
    cleanup_things(cloud, folder)
    with pytest.raises(cloud.iot_data.exceptions.ResourceNotFoundException):
        cloud.iot_data.get_thing_shadow(thingName=added.name, shadowName="fota")


def test_cleaning_up_again_finds_nothing(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    cleanup_things(cloud, folder)
    assert cleanup_things(cloud, folder) == ()


def test_cleaning_up_some_leaves_the_others(cloud: Cloud, folder: Path, added: AddedThing, new_name: NewName) -> None:
    (other,) = add_things(cloud, [new_name()], folder)
    cleanup_things(cloud, folder, names=[other.name])
    assert (thing_arn(cloud, other.name), thing_arn(cloud, added.name) is None) == (None, False)


def test_cleaning_up_dry_removes_nothing(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    before = parts_of(cloud)
    assert cleanup_things(cloud, folder, dry_run=True) == (added.name,)
    assert (parts_of(cloud), added.folder.exists()) == (before, True)


@pytest.mark.parametrize(
    "operation", ["DetachThingPrincipal", "DetachPolicy", "DeletePolicy", "DeleteCertificate", "DeleteThing"]
)
def test_a_cleanup_that_was_cut_short_can_be_run_again(
    cloud: Cloud, folder: Path, new_name: NewName, operation: str
) -> None:
    before = parts_of(cloud)
    add_things(cloud, [new_name()], folder)

    def fail(**_: object) -> None:
        raise KeyboardInterrupt

    cloud.iot.meta.events.register(f"before-call.iot.{operation}", fail)
    with pytest.raises(KeyboardInterrupt):
        cleanup_things(cloud, folder)
    cloud.iot.meta.events.unregister(f"before-call.iot.{operation}", fail)
    cleanup_things(cloud, folder)
    assert parts_of(cloud) == before


def test_a_thing_without_our_mark_is_left_alone(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    cloud.iot.update_thing(thingName=added.name, attributePayload={"attributes": {"made-by": ""}, "merge": True})
    before = parts_of(cloud)
    with pytest.raises(AlreadyThere, match="our mark"):
        cleanup_things(cloud, folder)
    assert (parts_of(cloud), added.folder.exists()) == (before, True)


def test_a_thing_with_another_certificate_is_left_alone(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    theirs = cloud.iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    cloud.iot.attach_thing_principal(thingName=added.name, principal=theirs)
    before = parts_of(cloud)
    with pytest.raises(AlreadyThere, match=theirs):
        cleanup_things(cloud, folder)
    assert parts_of(cloud) == before


def test_a_policy_that_others_use_is_left_alone(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    theirs = cloud.iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    cloud.iot.attach_policy(policyName=added.policy_name, target=theirs)
    before = parts_of(cloud)
    with pytest.raises(AlreadyThere, match=added.policy_name):
        cleanup_things(cloud, folder)
    assert parts_of(cloud) == before


def test_files_that_somebody_put_beside_stay(cloud: Cloud, folder: Path, added: AddedThing) -> None:
    (added.folder / "notes.txt").write_text("mine")
    cleanup_things(cloud, folder)
    assert [one.name for one in added.folder.iterdir()] == ["notes.txt"]


def test_a_name_without_a_folder_is_refused(cloud: Cloud, folder: Path) -> None:
    with pytest.raises(NotFound, match="nobody"):
        cleanup_things(cloud, folder, names=["nobody"])


OTHERS_CONF = '{"endpoint": "e", "thingname": "other", "policy_name": "p", "cert_arn": "a"}'


@pytest.mark.parametrize("content", ["{", "[]", "{}", "[" * 100_000, OTHERS_CONF], ids=range(5))
def test_a_folder_that_describes_another_thing_is_refused(cloud: Cloud, folder: Path, content: str) -> None:
    (folder / "pump").mkdir(parents=True)
    (folder / "pump" / "thing.conf.json").write_text(content)
    with pytest.raises(BadInput, match="pump"):
        cleanup_things(cloud, folder)
