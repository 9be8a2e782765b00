"""Whom the device's connection trusts, and what it shows of itself."""

import logging
import ssl
from pathlib import Path

import pytest

from aws.iot.credentials import Credentials
from aws.iot.errors import BadCredentials, ConnectFailed
from aws.iot.mqtt._tls_cpython import offer_alpn, tls_context
from fota_testing.servers.authority import Authority
from tests.labs.mqtt_lab import MqttLab
from tests.labs.pki import new_identity


def test_the_broker_sees_the_certificate_of_the_device(mqtt_lab: MqttLab) -> None:
    mqtt_lab.connected()

    assert mqtt_lab.broker.peers[0]["subject"] == ((("commonName", "device-1"),),)


def test_a_broker_of_an_unknown_authority_is_refused_at_once(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection(cacert=Authority("somebody else").pem)

    with pytest.raises(ConnectFailed, match="certificate is not trusted"):
        connection.connect()

    mqtt_lab.eventually(lambda: mqtt_lab.broker.tls_failures)
    assert len(mqtt_lab.broker.tls_failures) == 1, "it was tried again"


def test_a_broker_of_another_name_is_refused_though_our_authority_vouches_for_it(in_process_lab: MqttLab) -> None:
    in_process_lab.name_broker("elsewhere.example")

    with pytest.raises(ConnectFailed, match=r"not valid for 'localhost'"):
        in_process_lab.connection().connect()

    assert not in_process_lab.broker.connects


def test_a_device_the_broker_does_not_know_is_told_to_look_at_its_certificate(mqtt_lab: MqttLab) -> None:
    stranger = mqtt_lab.connection(identity=new_identity("a stranger"))

    with pytest.raises(ConnectFailed, match="is the certificate active"):
        stranger.connect(timeout_ms=500)

    assert not mqtt_lab.broker.connects


def test_without_authorities_of_its_own_the_device_trusts_those_of_the_system() -> None:
    identity = new_identity()

    context = tls_context(Credentials(identity.clicert, identity.pkey))

    system = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    system.load_default_certs()
    assert context.cert_store_stats() == system.cert_store_stats()


def test_verification_is_on_and_old_tls_is_off() -> None:
    identity = new_identity()

    context = tls_context(Credentials(identity.clicert, identity.pkey))

    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(("port", "protocol"), [(443, "x-amzn-mqtt-ca"), (8883, None)])
def test_mqtt_is_asked_for_by_name_on_the_port_of_https_only(port: int, protocol: str | None) -> None:
    authority, identity = Authority(), new_identity()
    context = tls_context(Credentials(identity.clicert, identity.pkey, authority.pem))
    offer_alpn(context, 443)  # What an earlier connect left behind must not show.

    offer_alpn(context, port)

    assert _protocol_agreed(context, authority) == protocol


def test_a_key_that_is_not_the_certificates_is_named_as_such() -> None:
    with pytest.raises(BadCredentials, match="clicert, pkey: the certificate is not for this private key"):
        tls_context(Credentials(new_identity().clicert, new_identity().pkey))


def test_defect_49_the_private_key_is_in_no_file_and_no_descriptor_after_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    identity = new_identity()
    before = _descriptors()

    tls_context(Credentials(identity.clicert, identity.pkey))
    with pytest.raises(BadCredentials):
        tls_context(Credentials(identity.clicert, new_identity().pkey))

    assert list(tmp_path.iterdir()) == []
    assert _descriptors() == before


def test_neither_key_nor_certificate_nor_message_is_logged(
    mqtt_lab: MqttLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = mqtt_lab.connected()
    connection.subscribe("a", lambda _topic, _payload: _fail("https://bucket/?X-Amz-Signature=secret"))
    mqtt_lab.broker.send("a", b"{}")

    mqtt_lab.eventually(lambda: "message-dropped" in caplog.text)
    connection.close()

    secrets = mqtt_lab.identity.pkey.splitlines()[1:-1] + mqtt_lab.identity.clicert.splitlines()[1:-1]
    assert not [line for line in [*secrets, "X-Amz-Signature"] if line in caplog.text]


def _fail(text: str) -> None:
    raise RuntimeError(text)


def _descriptors() -> list[str]:
    # The listing itself opens a descriptor, which is gone when its link is read.
    return sorted(str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.exists())


def _protocol_agreed(context: ssl.SSLContext, authority: Authority) -> str | None:
    """What a server that speaks both would agree to, from the first flight alone."""
    served = authority.server_context(["localhost"])
    served.set_alpn_protocols(["http/1.1", "x-amzn-mqtt-ca"])
    hello, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(answer, hello, server_hostname="localhost")
    server = served.wrap_bio(hello, ssl.MemoryBIO(), server_side=True)
    for side in (client, server):
        with pytest.raises(ssl.SSLWantReadError):
            side.do_handshake()
    return server.selected_alpn_protocol()
