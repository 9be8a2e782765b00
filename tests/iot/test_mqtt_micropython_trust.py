"""Whom the connection of MicroPython trusts, on both interpreters: nobody whose certificate is not good now."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from aws.iot._credentials_cpython import to_pem
from aws.iot.errors import BadCredentials, ConnectFailed
from fota_testing.servers.authority import Authority
from tests.labs.dated_authority import DatedAuthority
from tests.labs.mqtt_micropython_lab import MicroPythonLab
from tests.labs.pki import key_bytes, new_identity


@pytest.mark.parametrize(
    ("days", "problem"),
    [((-3, -1), "expired"), ((1, 3), "in the future|not yet valid"), ((-1, -1 / 86_400), "expired")],
)
def test_a_broker_whose_certificate_is_not_of_today_is_refused_at_once(
    both: MicroPythonLab, days: tuple[float, float], problem: str
) -> None:
    authority = DatedAuthority()
    authority.days = days
    both.replace_broker(authority.server_context(["localhost"]))

    with pytest.raises(ConnectFailed, match=f"its certificate is not trusted: .*({problem})"):
        both.connection(cacert=authority.pem).connect()

    assert not both.broker.connects


def test_a_broker_with_a_certificate_of_today_is_trusted(both: MicroPythonLab) -> None:
    authority = DatedAuthority()
    both.replace_broker(authority.server_context(["localhost"]))

    connection = both.connection(cacert=authority.pem)
    connection.connect()

    assert connection.is_connected()


@pytest.mark.parametrize("names", [["elsewhere.example"], ["*.localhost"], ["localhost.example"], ["127.0.0.1"]])
def test_a_broker_of_another_name_is_refused_at_once(both: MicroPythonLab, names: list[str]) -> None:
    both.replace_broker(both.authority.server_context(names))

    with pytest.raises(ConnectFailed, match="its certificate is not trusted: "):
        both.connection().connect()

    assert not both.broker.connects


def test_a_handshake_that_fails_leaves_no_socket_open(there: MicroPythonLab) -> None:
    there.replace_broker(there.authority.server_context(["elsewhere.example"]))
    connection = there.connection()

    for _ in range(2):
        with pytest.raises(ConnectFailed, match="its certificate is not trusted: "):
            connection.connect()

    assert connection.sockets() == []


@pytest.mark.parametrize("names", [["localhost"], ["elsewhere.example", "localhost"]])
def test_any_of_the_names_of_a_certificate_is_enough(both: MicroPythonLab, names: list[str]) -> None:
    both.replace_broker(both.authority.server_context(names))

    connection = both.connected()

    assert connection.is_connected()


def test_a_broker_that_vouches_for_itself_is_refused_at_once(both: MicroPythonLab) -> None:
    both.replace_broker(Authority("localhost").server_context(["localhost"]))

    with pytest.raises(ConnectFailed, match="its certificate is not trusted: "):
        both.connection().connect()

    assert not both.broker.connects


@pytest.mark.parametrize("ours_is_first", [True, False])
def test_each_of_several_authorities_is_trusted(both: MicroPythonLab, *, ours_is_first: bool) -> None:
    pems = [both.authority.pem, Authority("another").pem]

    connection = both.connection(cacert="".join(pems if ours_is_first else pems[::-1]))
    connection.connect()

    assert connection.is_connected()


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_every_form_of_a_key_is_shown(both: MicroPythonLab, kind: str, form: PrivateFormat) -> None:
    both.identity = new_identity(key=rsa.generate_private_key(65_537, 2_048) if kind == "rsa" else None)
    both.replace_broker(both.authority.server_context(["localhost"]))
    connection = both.connection(pkey=key_bytes(both.identity.key, Encoding.PEM, form).decode())

    connection.connect()

    assert both.broker.peers[0]["subject"] == ((("commonName", "device-1"),),)


def test_a_key_that_is_not_the_certificates_connects_to_nobody(both: MicroPythonLab) -> None:
    with pytest.raises((ConnectFailed, BadCredentials)):
        both.connection(pkey=new_identity().pkey).connect(timeout_ms=500)

    assert not both.broker.connects


@pytest.mark.parametrize("argument", ["clicert", "pkey", "cacert"])
def test_what_tls_cannot_use_is_named(there: MicroPythonLab, argument: str) -> None:
    # Of the right shape, and nothing else: a key is an integer and a sequence, a certificate two sequences.
    der = b"\x30\x05\x02\x01\x00\x30\x00" if argument == "pkey" else b"\x30\x04\x30\x00\x30\x00"
    label = b"PRIVATE KEY" if argument == "pkey" else b"CERTIFICATE"

    pem = to_pem(label, der).decode()
    with pytest.raises(BadCredentials, match=f"{argument}.*: TLS cannot use them"):
        there.connection(
            clicert=pem if argument == "clicert" else None,
            pkey=pem if argument == "pkey" else None,
            cacert=pem if argument == "cacert" else None,
        )


def test_a_certificate_and_a_key_that_changed_places_are_told_apart(both: MicroPythonLab) -> None:
    with pytest.raises(BadCredentials, match="clicert: expected a certificate, got PRIVATE KEY"):
        both.connection(clicert=both.identity.pkey, pkey=both.identity.clicert)


def test_der_that_changed_places_is_found_out_by_tls(there: MicroPythonLab, tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("key.der", "certificate.der")]
    Path(names[0]).write_bytes(key_bytes(there.identity.key, Encoding.DER, PrivateFormat.PKCS8))
    Path(names[1]).write_bytes(there.identity.certificate.public_bytes(Encoding.DER))

    with pytest.raises(BadCredentials, match="clicert, pkey: TLS cannot use them"):
        there.connection(clicert=names[0], pkey=names[1])


def test_without_authorities_there_is_nobody_to_trust(there: MicroPythonLab) -> None:
    with pytest.raises(BadCredentials, match=r"cacert: .*none of the system's"):
        there.connection(cacert="")
