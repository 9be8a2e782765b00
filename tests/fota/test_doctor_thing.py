"""`fota-boot --doctor --thing`: certificate, key, endpoint and clock, before real TLS servers of every temper."""

import datetime
import json
import os
import socket
import time
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

import pytest

from boot_lab import WAITS, BootLab
from fota import _doctor_network_cpython as network
from fota import _doctor_probe_cpython as probe
from fota._doctor_network_cpython import examine_clock, examine_endpoint
from fota._doctor_thing_cpython import CERTIFICATE, CONF, PRIVATE_KEY, Identity, examine_thing
from fota.findings import ERROR, OK, WARNING
from fota_operator.things import add_things
from fota_testing import behaviours
from fota_testing.authority import Authority
from iot.broker import CONNECT
from iot.mqtt_lab import mqtt_lab
from iot.pki import new_identity

__all__ = ("mqtt_lab",)

NOW = datetime.datetime.now(datetime.timezone.utc)
SHORTLY_S = 0.3


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


@pytest.fixture
def thing(folder):
    return folder(new_identity(), Authority().pem)


def at_the_time(days):
    return NOW + datetime.timedelta(days=days)


def levels(findings, subject):
    return [one.level for one in findings if one.subject == subject]


def said(findings):
    return " ".join(one.as_line() for one in findings)


# The folder.


def test_of_a_folder_that_is_well_only_the_end_of_the_certificate_is_told(thing):
    findings, identity = examine_thing(str(thing), NOW)
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
    monkeypatch.setattr("fota._doctor_thing_cpython.EXPIRES_SOON", datetime.timedelta(hours=23))
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


# The endpoint.


def looked_at(folder, **how):
    """What is found at the endpoint of a folder."""
    _, identity = examine_thing(str(folder), NOW)
    return examine_endpoint(identity, within_s=5, refuses_within_s=SHORTLY_S, **how)


@pytest.fixture
def device(folder, mqtt_lab):
    """The folder of a device whose broker takes it."""
    return folder(mqtt_lab.identity, mqtt_lab.authority.pem, mqtt_lab.endpoint)


def test_an_endpoint_that_takes_the_certificate_is_fine_and_no_session_is_opened(device, mqtt_lab):
    findings = looked_at(device)
    assert [(one.subject, one.level) for one in findings] == [("endpoint", OK), ("certificate", OK)]
    assert "TLSv1." in findings[0].text
    assert mqtt_lab.broker.connects == []


def test_a_session_is_opened_when_asked_for_and_ended_politely(device, mqtt_lab):
    findings = looked_at(device, connect=True)
    assert levels(findings, "session") == [OK]
    assert mqtt_lab.broker.connects == [b"\x00\x04MQTT\x04\x02\x00\x1e\x00\x08device-1"]
    mqtt_lab.eventually(lambda: mqtt_lab.broker.farewells == 1)


def test_a_session_that_is_refused_is_an_error_with_the_code(device, mqtt_lab):
    mqtt_lab.broker.connack_codes.append(5)
    findings = looked_at(device, connect=True)
    assert levels(findings, "session") == [ERROR]
    assert "return code 5" in said(findings)


def test_a_connection_that_ends_instead_of_a_session_is_an_error(device, mqtt_lab):
    mqtt_lab.broker.hangs_up_on.add(CONNECT)
    assert levels(looked_at(device, connect=True), "session") == [ERROR]


def test_a_session_that_is_not_answered_is_given_up(device, mqtt_lab):
    mqtt_lab.broker.silent_after = 0
    _, identity = examine_thing(str(device), NOW)
    findings = examine_endpoint(identity, connect=True, within_s=SHORTLY_S, refuses_within_s=0.01)
    assert levels(findings, "session") == [ERROR]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_an_endpoint_that_does_not_take_the_certificate_is_told_apart(folder, mqtt_lab, version):
    context = mqtt_lab.broker._context
    context.maximum_version = getattr(type(context.maximum_version), version)
    stranger = folder(new_identity(), mqtt_lab.authority.pem, mqtt_lab.endpoint)
    findings = looked_at(stranger)
    assert levels(findings, "certificate") == [ERROR]
    assert "ACTIVE" in said(findings)


def test_an_endpoint_of_an_authority_that_is_not_trusted_is_an_error(folder, mqtt_lab):
    (finding,) = looked_at(folder(mqtt_lab.identity, Authority().pem, mqtt_lab.endpoint))
    assert (finding.subject, finding.level, "cacert" in finding.remedy) == ("endpoint", ERROR, True)


def test_an_endpoint_of_another_name_is_an_error(device, mqtt_lab):
    mqtt_lab.name_broker("elsewhere")
    conf = json.loads((device / CONF).read_text())
    (device / CONF).write_text(json.dumps({**conf, "endpoint": mqtt_lab.endpoint}))
    (finding,) = looked_at(device)
    assert (finding.subject, finding.level, "describe-endpoint" in finding.remedy) == ("endpoint", ERROR, True)


def test_an_endpoint_that_speaks_only_old_tls_is_an_error(device, mqtt_lab, monkeypatch):
    # Against one that speaks only TLS 1.2, a doctor that wants 1.3: no library here speaks 1.1 any more.
    mqtt_lab.broker._context.maximum_version = type(mqtt_lab.broker._context.maximum_version).TLSv1_2
    monkeypatch.setattr(network, "LEAST_VERSION", network.ssl.TLSVersion.TLSv1_3)
    (finding,) = looked_at(device)
    assert (finding.subject, finding.level) == ("endpoint", ERROR)


def test_an_endpoint_where_nobody_listens_is_an_error(folder, silent_port):
    (finding,) = looked_at(folder(new_identity(), Authority().pem, f"localhost:{silent_port}"))
    assert (finding.subject, finding.level, "refused" in finding.text) == ("endpoint", ERROR, True)


def test_an_endpoint_that_says_nothing_is_given_up_in_time(folder):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        _, identity = examine_thing(
            str(folder(new_identity(), Authority().pem, f"127.0.0.1:{mute.getsockname()[1]}")), NOW
        )
        before_s = time.monotonic()
        (finding,) = examine_endpoint(identity, within_s=SHORTLY_S)
    assert (finding.subject, finding.level, "does not answer" in finding.text) == ("endpoint", ERROR, True)
    assert time.monotonic() - before_s < 5


def test_a_name_that_nobody_resolves_is_given_up_in_time(thing, monkeypatch):
    import threading

    never = threading.Event()
    monkeypatch.setattr(probe.socket, "getaddrinfo", lambda *words, **more: never.wait(20) and [])
    (thing / CONF).write_text(json.dumps({"endpoint": "nobody.invalid", "mqttid": "device-1"}))
    _, identity = examine_thing(str(thing), NOW)
    (finding,) = examine_endpoint(identity, within_s=SHORTLY_S)
    never.set()
    assert (finding.level, "does not answer" in finding.text) == (ERROR, True)


@pytest.mark.parametrize("host", [".", "a" * 64 + ".example", "caf\u00e9..x"])
def test_a_host_that_cannot_be_a_name_is_an_error(thing, host):
    (thing / CONF).write_text(json.dumps({"endpoint": host, "mqttid": "device-1"}))
    (finding,) = looked_at(thing)
    assert (finding.subject, finding.level) == ("endpoint", ERROR)
    assert "no host name" in finding.text


@pytest.mark.parametrize("content", ["", "no certificates", None])
def test_a_cacert_that_holds_none_is_an_error_and_nobody_is_spoken_to(device, mqtt_lab, content):
    if content is None:
        (device / "cacert.pem").unlink()
    else:
        (device / "cacert.pem").write_text(content)
    (finding,) = looked_at(device)
    assert (finding.subject, finding.level) == ("cacert", ERROR)
    assert (mqtt_lab.broker.peers, mqtt_lab.broker.tls_failures) == ([], [])


def test_a_device_without_a_certificate_to_show_still_learns_whether_the_endpoint_is_right(device, mqtt_lab):
    (device / PRIVATE_KEY).write_text(new_identity().pkey)
    mqtt_lab.broker._context.verify_mode = network.ssl.CERT_OPTIONAL
    assert [(one.subject, one.level) for one in looked_at(device, connect=True)] == [("endpoint", OK)]


# The clock.


@pytest.fixture
def clock_beside(thing, serve, authority):
    """What is found of the clock beside a server whose clock is so far ahead."""
    (thing / "cacert.pem").write_text(authority.pem)

    def examine(ahead_s, answer=None):
        there = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead_s)
        server = serve(b"", answer or behaviours.status(403, Date=format_datetime(there, usegmt=True)))
        _, identity = examine_thing(str(thing), NOW)
        identity.https_port = server.port
        return examine_clock(identity, within_s=5)

    return examine


@pytest.mark.parametrize(
    ("ahead_s", "level", "side"),
    [
        (0, OK, ""),
        (250, OK, "behind"),
        (400, WARNING, "behind"),
        (-400, WARNING, "ahead of"),
        (90_000, ERROR, "behind"),
    ],
)
def test_the_clock_is_compared_with_that_of_the_endpoint(clock_beside, ahead_s, level, side):
    finding = clock_beside(ahead_s)
    assert (finding.subject, finding.level) == ("clock", level)
    assert side in finding.text


@pytest.mark.parametrize(
    "answer",
    [
        behaviours.status(403),
        behaviours.status(403, Date="some day"),
        behaviours.hang_up,
        behaviours.raw(b"x" * 20_000),
    ],
)
def test_an_endpoint_that_does_not_say_the_time_is_no_fault(clock_beside, answer):
    finding = clock_beside(0, answer)
    assert (finding.level, "not compared" in finding.text) == (OK, True)


def test_the_time_is_believed_of_nobody_who_does_not_prove_who_it_is(thing, serve):
    server = serve(b"", behaviours.status(403, Date="Thu, 01 Jan 2099 00:00:00 GMT"))
    _, identity = examine_thing(str(thing), NOW)
    identity.https_port = server.port
    assert examine_clock(identity, within_s=5).level == OK
    assert server.requests == []


# A broker that knows its things.


@pytest.fixture
def registered(local_aws, tmp_path):
    """The folder of a thing that the local AWS knows."""
    (added,) = add_things(local_aws.cloud(), [f"doctor-{uuid4().hex[:8]}"], tmp_path, local_aws.thing_options())
    return added.folder


@pytest.mark.e2e
def test_a_thing_that_was_added_is_taken(registered):
    findings = looked_at(registered, connect=True)
    assert [(one.subject, one.level) for one in findings] == [("endpoint", OK), ("certificate", OK), ("session", OK)]


@pytest.mark.e2e
def test_a_certificate_that_was_switched_off_is_an_error(local_aws, registered):
    arn = json.loads((registered / CONF).read_text())["cert_arn"]
    local_aws.cloud().iot.update_certificate(certificateId=arn.rpartition("/")[2], newStatus="INACTIVE")
    findings = looked_at(registered, connect=True)
    assert ERROR in [one.level for one in findings]
    assert "ACTIVE" in said(findings) or "policy" in said(findings)


@pytest.mark.e2e
def test_a_certificate_that_may_not_connect_is_an_error(local_aws, registered):
    iot, arn = local_aws.cloud().iot, json.loads((registered / CONF).read_text())["cert_arn"]
    for policy in iot.list_attached_policies(target=arn)["policies"]:
        iot.detach_policy(policyName=policy["policyName"], target=arn)
    findings = looked_at(registered, connect=True)
    assert levels(findings, "session") == [ERROR]
    assert "iot:Connect" in said(findings)


# The command.


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
