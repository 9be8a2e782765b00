"""The folder of a thing for the doctor to look at, and a thing whose endpoint is a broker of these tests."""

import datetime
import json

import pytest

from fota_boot.doctor.thing import examine_thing
from fota_boot.thing_folder import CERTIFICATE, CONF, PRIVATE_KEY
from fota_testing.servers.authority import Authority
from tests.labs.pki import new_identity
from tests.labs.present import present

NOW = datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def folder(tmp_path):
    """A thing's folder, as `fota things add` leaves it; `folder(identity, authority, endpoint)` makes it."""

    def make(identity, cacert, endpoint="localhost:1"):
        path = tmp_path / "device-1"
        path.mkdir(mode=0o700)
        for name, content, mode in (
            (CONF, json.dumps({"endpoint": endpoint, "mqttid": "device-1", "cacert": "cacert.pem"}), 0o644),
            (PRIVATE_KEY, identity.pkey, 0o600),
            (CERTIFICATE, identity.clicert, 0o644),
            ("cacert.pem", cacert, 0o644),
        ):
            (path / name).write_text(content)
            (path / name).chmod(mode)
        return path

    return make


def identity_of(folder):
    """How the thing of a folder connects."""
    return present(examine_thing(str(folder), NOW)[1])


@pytest.fixture
def thing(folder):
    return folder(new_identity(), Authority().pem)


def levels(findings, subject):
    return [one.level for one in findings if one.subject == subject]


def said(findings):
    return " ".join(one.as_line() for one in findings)


@pytest.fixture
def device(folder, mqtt_lab):
    """The folder of a device whose broker takes it."""
    return folder(mqtt_lab.identity, mqtt_lab.authority.pem, mqtt_lab.endpoint)
