import json
import shutil
import ssl
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from paho.mqtt.enums import CallbackAPIVersion

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput, CloudRefused, NotFound, OperatorError
from fota_operator.local.aws import LocalAws
from fota_operator.things import AddedThing, ThingOptions, add_things, numbered_names, thing_arn
from fota_operator.things_cleanup import cleanup_things

pytestmark = pytest.mark.e2e

Refusing = Callable[[str, str], None]
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


class Session:
    """A device's connection with the credentials of a folder, as paho makes it."""

    def __init__(self, local_aws: LocalAws, added: AddedThing, client_id: str) -> None:
        self.connected = threading.Event()
        self.acknowledged = threading.Event()
        self.ended = threading.Event()
        context = ssl.create_default_context(cafile=str(local_aws.ca_bundle))
        context.load_cert_chain(added.folder / "certificate.pem.crt", added.folder / "private.pem.key")
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.client.tls_set_context(context)
        self.client.on_connect = self._on_connect
        self.client.on_publish = lambda *_: self.acknowledged.set()
        self.client.on_disconnect = lambda *_: self.ended.set()
        host, port = added.endpoint.split(":")
        self.client.connect(host, int(port))
        self.client.loop_start()

    def _on_connect(self, *heard: Any) -> None:  # Five things, one of which matters: the reason code.
        if not heard[3].is_failure:
            self.connected.set()

    def may_publish(self, topic: str) -> bool:
        assert self.connected.wait(10)
        self.client.publish(topic, "{}", qos=1)
        # MQTT 3.1.1 has no other no than the end of the connection.
        deadline = time.monotonic() + 10
        while not self.acknowledged.wait(0.01):
            assert time.monotonic() < deadline
            if self.ended.is_set():
                return False
        return True

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize(
    ("topic", "allowed"), [("things/{}/sample", True), ("plant/alarm", True), ("things/other/sample", False)]
)
def test_a_device_may_publish_what_its_policy_says(
    local_aws: LocalAws, added: AddedThing, topic: str, allowed: bool
) -> None:
    session = Session(local_aws, added, added.name)
    try:
        assert session.may_publish(topic.format(added.name)) is allowed
    finally:
        session.close()


def test_a_device_may_not_connect_under_another_name(local_aws: LocalAws, added: AddedThing) -> None:
    session = Session(local_aws, added, "another")
    try:
        assert session.ended.wait(10)
        assert not session.connected.is_set()
    finally:
        session.close()


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


def test_numbered_names_count_from_one() -> None:
    assert numbered_names("pump", 3) == ("pump-1", "pump-2", "pump-3")


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_count_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match="--count"):
        numbered_names("pump", count)


def test_cleaning_up_removes_all_of_a_thing(cloud: Cloud, folder: Path, new_name: NewName) -> None:
    before = parts_of(cloud)
    added = add_things(cloud, [new_name(), f"a:{new_name()}"], folder)
    removed = cleanup_things(cloud, folder)
    assert set(removed) == {one.name for one in added}
    assert parts_of(cloud) == before
    assert list(folder.iterdir()) == []


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
