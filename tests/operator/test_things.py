"""Adding things: the folder that a device is given, what is refused, and that nothing half made is left."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput, CloudRefused, OperatorError
from fota_operator.local.aws import LocalAws
from fota_operator.things.names import numbered_names
from fota_operator.things.things import AddedThing, ThingOptions, add_things, thing_arn
from tests.labs.things_lab import NewName, added, folder, parts_of

__all__ = ("added", "folder")

pytestmark = pytest.mark.e2e

Refusing = Callable[[str, str], None]


def test_a_thing_has_a_folder_for_its_device(local_aws: LocalAws, added: AddedThing) -> None:
    conf = json.loads((added.folder / "thing.conf.json").read_text())
    assert conf == {
        "endpoint": local_aws.status().device_endpoint,
        "mqttid": added.name,
        "thingname": added.name,
        "policy_name": added.policy_name,
        "cert_arn": added.certificate_arn,
        "cacert": "cacert.pem",
    }
    assert (added.folder / "cacert.pem").read_bytes() == local_aws.ca_bundle.read_bytes()


def test_on_aws_itself_devices_trust_the_system_and_go_where_aws_says(
    cloud: Cloud, folder: Path, new_name: NewName
) -> None:
    (one,) = add_things(cloud, [new_name()], folder)
    assert one.endpoint == cloud.iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    assert "cacert" not in json.loads((one.folder / "thing.conf.json").read_text())


def test_defect_49_a_private_key_is_for_its_owner_only_and_never_leaves_this_machine(added: AddedThing) -> None:
    key = added.folder / "private.pem.key"
    certificate = x509.load_pem_x509_certificate((added.folder / "certificate.pem.crt").read_bytes())
    private = load_pem_private_key(key.read_bytes(), None)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(added.folder.stat().st_mode) == 0o700
    # AWS signed a request for our own key: it did not make one.
    assert private.public_key() == certificate.public_key()


def test_adding_a_thing_again_changes_nothing(
    local_aws: LocalAws, cloud: Cloud, folder: Path, added: AddedThing
) -> None:
    key = (added.folder / "private.pem.key").read_bytes()
    (again,) = add_things(cloud, [added.name], folder, local_aws.thing_options())
    assert (again.made, again.certificate_arn) == (False, added.certificate_arn)
    assert (added.folder / "private.pem.key").read_bytes() == key


def test_a_thing_of_somebody_else_is_not_taken_over(cloud: Cloud, folder: Path, new_name: NewName) -> None:
    theirs, ours = new_name(), new_name()
    cloud.iot.create_thing(thingName=theirs)
    with pytest.raises(AlreadyThere, match=theirs):
        add_things(cloud, [ours, theirs], folder)
    assert (thing_arn(cloud, ours), folder.exists()) == (None, False)


def test_a_folder_of_something_else_is_not_overwritten(cloud: Cloud, folder: Path, new_name: NewName) -> None:
    name = new_name()
    (folder / name).mkdir(parents=True)
    with pytest.raises(AlreadyThere, match="is there, but no thing"):
        add_things(cloud, [name], folder)


@pytest.mark.parametrize(
    "operation", ["CreatePolicy", "CreateThing", "CreateCertificateFromCsr", "AttachPolicy", "AttachThingPrincipal"]
)
def test_a_thing_that_cannot_be_made_whole_leaves_nothing(
    cloud: Cloud, folder: Path, new_name: NewName, refusing: Refusing, operation: str
) -> None:
    before = parts_of(cloud)
    refusing(operation, "LimitExceededException")
    with pytest.raises(CloudRefused):
        add_things(cloud, [new_name()], folder)
    assert parts_of(cloud) == before
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_leaves_nothing_in_aws(
    cloud: Cloud, tmp_path: Path, new_name: NewName
) -> None:
    before, name = parts_of(cloud), new_name()
    # Where the folder is put together, something stands that is none.
    (tmp_path / f".{name}.part").write_text("")
    with pytest.raises(OperatorError, match="cannot write"):
        add_things(cloud, [name], tmp_path)
    assert parts_of(cloud) == before


def test_what_cannot_be_taken_back_is_named(
    cloud: Cloud, folder: Path, new_name: NewName, refusing: Refusing
) -> None:
    name = new_name()
    refusing("AttachPolicy", "LimitExceededException")
    refusing("DeleteThing", "AccessDeniedException")
    with pytest.raises(OperatorError, match=f"could not take back thing {name}"):
        add_things(cloud, [name], folder)


def test_a_dry_run_registers_nothing(cloud: Cloud, folder: Path, new_name: NewName) -> None:
    before = parts_of(cloud)
    (planned,) = add_things(cloud, [new_name()], folder, dry_run=True)
    assert (planned.made, parts_of(cloud), folder.exists()) == (False, before, False)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", "x" * 129, "ä"])
def test_what_is_no_thing_name_is_refused(cloud: Cloud, folder: Path, name: str) -> None:
    with pytest.raises(BadInput, match="thing name"):
        add_things(cloud, [name], folder)


def test_a_ca_file_that_is_not_there_is_refused(cloud: Cloud, folder: Path, new_name: NewName) -> None:
    with pytest.raises(BadInput, match="no file"):
        add_things(cloud, [new_name()], folder, ThingOptions(cacert=folder / "none"))


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\n" * 50_000])
def test_a_ca_file_that_holds_none_is_refused_before_anything_is_made(
    cloud: Cloud, folder: Path, tmp_path: Path, new_name: NewName, content: bytes
) -> None:
    before = parts_of(cloud)
    (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(BadInput, match=r"ca\.pem"):
        add_things(cloud, [new_name()], folder, ThingOptions(cacert=tmp_path / "ca.pem"))
    assert (parts_of(cloud), folder.exists()) == (before, False)


class Interrupted(BaseException):
    """As of Ctrl-C."""


def test_an_interrupted_add_leaves_no_private_key(
    cloud: Cloud, folder: Path, new_name: NewName, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_folder: Path, _target: Path) -> None:
        raise Interrupted

    before = parts_of(cloud)
    monkeypatch.setattr(Path, "rename", interrupt)  # No other way in at that moment.
    with pytest.raises(Interrupted):
        add_things(cloud, [new_name()], folder)
    assert (parts_of(cloud), list(folder.iterdir())) == (before, [])


def test_numbered_names_count_from_one() -> None:
    assert numbered_names("pump", 3) == ("pump-1", "pump-2", "pump-3")


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_count_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match="`count`"):
        numbered_names("pump", count)
