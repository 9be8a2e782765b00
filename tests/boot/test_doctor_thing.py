"""`fota-boot --doctor --thing`: the folder of a thing, its certificate and key, and the whole command."""

import datetime
import os
from pathlib import Path

import pytest

from fota_boot.doctor.findings import ERROR, OK, WARNING
from fota_boot.doctor.thing import Identity, examine_thing
from fota_boot.thing_folder import CERTIFICATE, CONF, PRIVATE_KEY
from tests.labs.boot_lab import WAITS, BootLab
from tests.labs.mqtt_lab import paho_lab as mqtt_lab
from tests.labs.pki import new_identity
from tests.labs.thing_to_examine import NOW, device, folder, identity_of, levels, said, thing

__all__ = ("device", "folder", "mqtt_lab", "thing")


def at_the_time(days):
    return NOW + datetime.timedelta(days=days)


# The folder.


def test_of_a_folder_that_is_well_only_the_end_of_the_certificate_is_told(thing):
    findings, _ = examine_thing(str(thing), NOW)
    identity = identity_of(thing)
    assert [(one.subject, one.level) for one in findings] == [
        ("private key", OK),
        ("certificate", WARNING),
        ("private key", OK),
    ]
    assert (identity.host, identity.port, identity.client_id) == ("localhost", 1, "device-1")


def test_an_endpoint_without_a_port_is_spoken_to_at_8883_and_asked_the_time_at_443():
    identity = Identity("folder", "abc-ats.iot.eu-west-1.amazonaws.com", "device-1", None)
    assert (identity.port, identity.https_port) == (8883, 443)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"endpoint": "a"}',
        '{"endpoint": "https://a", "mqttid": "b"}',
        '{"endpoint": "a:x", "mqttid": "b"}',
        '{"endpoint": "a:65536", "mqttid": "b"}',
    ],
)
def test_a_conf_that_does_not_say_where_and_as_whom_is_an_error(thing, content):
    (thing / CONF).write_text(content)
    (finding,), identity = examine_thing(str(thing), NOW)
    assert (finding.subject, finding.level, identity) == ("thing folder", ERROR, None)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    (finding,), identity = examine_thing(str(tmp_path / "gone"), NOW)
    assert (finding.level, identity) == (ERROR, None)
    assert "No such file" in finding.text


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602])
def test_a_key_that_others_may_read_or_replace_is_an_error(thing, mode):
    (thing / PRIVATE_KEY).chmod(mode)
    assert levels(examine_thing(str(thing), NOW)[0], "private key") == [ERROR, OK]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_a_key_that_only_its_group_may_read_is_fine(thing, mode):
    (thing / PRIVATE_KEY).chmod(mode)
    assert levels(examine_thing(str(thing), NOW)[0], "private key") == [OK, OK]


@pytest.mark.parametrize("name", [CONF, CERTIFICATE, "cacert.pem", "."])
def test_what_everybody_may_write_to_is_an_error(thing, name):
    (thing / name).chmod(0o777)
    assert levels(examine_thing(str(thing), NOW)[0], "thing folder") == [ERROR]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_a_warning(thing):
    os.chown(thing / "cacert.pem", 65_534, 65_534)
    assert levels(examine_thing(str(thing), NOW)[0], "thing folder") == [WARNING]


# Certificate and key.


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [(-2, ERROR, "valid only from"), (0, WARNING, "expires on"), (2, ERROR, "expired on")],
)
def test_a_certificate_that_is_not_valid_now_is_an_error_and_one_that_ends_soon_a_warning(thing, days, level, words):
    findings, _ = examine_thing(str(thing), at_the_time(days))
    assert levels(findings, "certificate") == [level]
    assert words in said(findings)


def test_a_certificate_that_ends_in_more_than_30_days_is_fine(thing, monkeypatch):
    monkeypatch.setattr("fota_boot.doctor.thing.EXPIRES_SOON", datetime.timedelta(hours=23))
    assert levels(examine_thing(str(thing), NOW)[0], "certificate") == [OK]


def test_the_key_of_another_certificate_is_an_error(thing):
    (thing / PRIVATE_KEY).write_text(new_identity().pkey)
    findings, _ = examine_thing(str(thing), NOW)
    assert levels(findings, "private key") == [OK, ERROR]
    assert "is not the one" in said(findings)


@pytest.mark.parametrize(
    "content", ["", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "c2VjcmV0"]
)
def test_what_is_no_key_is_an_error_that_quotes_nothing(thing, content):
    (thing / PRIVATE_KEY).write_text(content)
    findings, _ = examine_thing(str(thing), NOW)
    assert levels(findings, "private key") == [OK, ERROR]
    assert "c2VjcmV0" not in said(findings)


@pytest.mark.parametrize("name", [CERTIFICATE, PRIVATE_KEY])
def test_a_file_that_is_not_there_is_an_error(thing, name):
    (thing / name).unlink()
    assert "No such file" in said(examine_thing(str(thing), NOW)[0])


def test_what_is_no_certificate_is_an_error(thing):
    (thing / CERTIFICATE).write_text("no certificate")
    assert levels(examine_thing(str(thing), NOW)[0], "certificate") == [ERROR]


# The command.


@pytest.mark.slow
def test_the_command_looks_at_everything_and_prints_no_secret(tmp_path, device):
    lab = BootLab(tmp_path)
    lab.provision(WAITS)
    done = lab.run("--doctor", "--thing", str(device))
    lab.close()
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok      endpoint: localhost:" in done.stdout
    assert "did not refuse it" in done.stdout
    secret = Path(device, PRIVATE_KEY).read_text().splitlines()[1]
    assert secret not in done.stdout
