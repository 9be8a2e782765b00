"""The doctor and the endpoint of a thing: real TLS servers of every temper, and a broker that knows its things."""

import json
import socket
import ssl
import time
from uuid import uuid4

import pytest

from fota_boot.doctor import network
from fota_boot.doctor.findings import ERROR, OK
from fota_boot.doctor.network import examine_endpoint
from fota_boot.thing_folder import CONF, PRIVATE_KEY
from fota_operator.things.things import add_things
from fota_testing.servers.authority import Authority
from fota_testing.servers.mqtt_packets import CONNECT
from tests.labs.mqtt_lab import paho_lab as mqtt_lab
from tests.labs.pki import new_identity
from tests.labs.thing_to_examine import device, folder, identity_of, levels, said, thing

__all__ = ("device", "folder", "mqtt_lab", "thing")

SHORTLY_S = 0.3

# The endpoint.


def looked_at(folder, **how):
    """What is found at the endpoint of a folder."""
    identity = identity_of(folder)
    return examine_endpoint(identity, within_s=5, refuses_within_s=SHORTLY_S, **how)


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
    identity = identity_of(device)
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
    monkeypatch.setattr(network, "MIN_VERSION", ssl.TLSVersion.TLSv1_3)
    (finding,) = looked_at(device)
    assert (finding.subject, finding.level) == ("endpoint", ERROR)


def test_an_endpoint_where_nobody_listens_is_an_error(folder, silent_port):
    (finding,) = looked_at(folder(new_identity(), Authority().pem, f"localhost:{silent_port}"))
    assert (finding.subject, finding.level, "refused" in finding.text) == ("endpoint", ERROR, True)


def test_an_endpoint_that_says_nothing_is_given_up_in_time(folder):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        identity = identity_of(folder(new_identity(), Authority().pem, f"127.0.0.1:{mute.getsockname()[1]}"))
        before_s = time.monotonic()
        (finding,) = examine_endpoint(identity, within_s=SHORTLY_S)
    assert (finding.subject, finding.level, "does not answer" in finding.text) == ("endpoint", ERROR, True)
    assert time.monotonic() - before_s < 5


def test_a_name_that_nobody_resolves_is_given_up_in_time(thing, monkeypatch):
    import threading

    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **more: never.wait(20) and [])
    (thing / CONF).write_text(json.dumps({"endpoint": "nobody.invalid", "mqttid": "device-1"}))
    identity = identity_of(thing)
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
    mqtt_lab.broker._context.verify_mode = ssl.CERT_OPTIONAL
    assert [(one.subject, one.level) for one in looked_at(device, connect=True)] == [("endpoint", OK)]


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
