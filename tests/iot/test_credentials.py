"""Keys and certificates in every form that a user may hold them."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from aws.iot._credentials_cpython import to_pem
from aws.iot.credentials import Credentials
from aws.iot.errors import BadCredentials
from aws.iot.mqtt._tls_cpython import tls_context
from tests.labs.pki import Identity, Key, key_bytes, locked_key_bytes, new_identity

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65_537, 2048)
ANY = new_identity()
ANY_DER = ANY.certificate.public_bytes(Encoding.DER)
PKCS8, TRADITIONAL = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["EC", "RSA"])
@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL], ids=["PKCS8", "SEC1 or PKCS1"])
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER], ids=["PEM", "DER"])
def test_tls_takes_a_private_key_of_every_form(key: Key, form: PrivateFormat, encoding: Encoding) -> None:
    identity = new_identity(key=key)

    tls_context(Credentials(identity.clicert, key_bytes(key, encoding, form)))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER], ids=["PEM", "DER"])
@pytest.mark.parametrize("as_path", [str, Path, None], ids=["str", "Path", "bytes"])
def test_a_certificate_may_be_bytes_or_in_a_file(
    tmp_path: Path, encoding: Encoding, as_path: "type[str] | type[Path] | None"
) -> None:
    content = ANY.certificate.public_bytes(encoding)
    file = tmp_path / "certificate.pem"
    file.write_bytes(content)

    credentials = Credentials(content if as_path is None else as_path(file), ANY.pkey)

    assert credentials.certificates == [ANY_DER]


def test_text_bytes_and_files_of_one_key_are_one_key(tmp_path: Path) -> None:
    file = tmp_path / "device.key"
    file.write_text(ANY.pkey)

    keys = {Credentials(ANY.clicert, form).private_key for form in (ANY.pkey, ANY.pkey.encode(), file, str(file))}

    assert keys == {key_bytes(ANY.key, Encoding.DER, PKCS8)}


def test_lines_may_end_as_on_windows_and_commentary_may_stand_between() -> None:
    clicert = "Bag Attributes: none\r\n" + ANY.clicert.replace("\n", "\r\n") + "the end"

    assert Credentials(clicert, ANY.pkey).certificates == [ANY_DER]


def test_parameters_before_a_key_are_passed_over() -> None:
    # As `openssl ecparam -genkey` writes it.
    pkey = to_pem(b"EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107")) + ANY.pkey.encode()

    assert Credentials(ANY.clicert, pkey).private_key == key_bytes(ANY.key, Encoding.DER, PKCS8)


def test_a_bundle_of_authorities_is_trusted_whole() -> None:
    bundle = new_identity("one").clicert + new_identity("two").clicert

    context = tls_context(Credentials(ANY.clicert, ANY.pkey, bundle))

    assert context.cert_store_stats()["x509"] == 2


def test_a_chain_is_kept_in_its_order() -> None:
    issuer = new_identity("issuer")

    credentials = Credentials(ANY.clicert + issuer.clicert, ANY.pkey)

    assert credentials.certificates == [ANY_DER, issuer.certificate.public_bytes(Encoding.DER)]


def test_pem_made_of_der_reads_back() -> None:
    assert to_pem(b"CERTIFICATE", ANY_DER) == ANY.clicert.encode()


@pytest.mark.parametrize("name", ["clicert", "pkey", "cacert"])
@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("no/such/file.pem", "cannot read the file no/such/file.pem: No such file"),
        ("", "cannot read the file named by a text of 0 characters"),
        ("a\0b.pem", "cannot read the file"),
        (b"", "expected PEM or DER, got 0 bytes of something else"),
        (b"\x00\x01", "expected PEM or DER, got 2 bytes of something else"),
        (7, "expected text, bytes or a path, got int"),
        ("-----BEGIN CERTIFICATE-----\nMIIB", "a beginning and no end"),
        ("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----", "is not base64"),
        (to_pem(b"CERTIFICATE", b"\x30\x03\x02\x01\x07"), "is cut off"),
        (to_pem(b"PUBLIC KEY", b"\x30\x00"), "got PUBLIC KEY"),
        (ANY_DER[:-1], "is cut off"),
        (ANY_DER + b"\0", "is not one sequence of that length"),
        (b"\x30\x82", "is cut off"),
        (b"\x30\x04\x05\x00\x05\x00", "neither a certificate nor a private key"),
    ],
    ids=range(14),
)
def test_what_is_none_is_named_with_what_came(name: str, source: object, problem: str) -> None:
    given = {"clicert": ANY.clicert, "pkey": ANY.pkey, name: source}

    with pytest.raises(BadCredentials, match=f"^{name}: .*{problem}"):
        Credentials(**given)  # type: ignore[arg-type]


def test_a_certificate_and_a_key_that_changed_places_are_told_apart() -> None:
    with pytest.raises(BadCredentials, match="clicert: expected a certificate, got PRIVATE KEY"):
        Credentials(ANY.pkey, ANY.clicert)
    with pytest.raises(BadCredentials, match="pkey: expected a private key without a password, got CERTIFICATE"):
        Credentials(ANY.clicert, ANY_DER)


@pytest.mark.parametrize(
    ("encoding", "form"),
    [(Encoding.PEM, PKCS8), (Encoding.DER, PKCS8), (Encoding.PEM, TRADITIONAL)],
    ids=["PKCS8 PEM", "PKCS8 DER", "SEC1 PEM"],
)
def test_a_key_with_a_password_is_refused_without_asking_for_it(encoding: Encoding, form: PrivateFormat) -> None:
    locked = locked_key_bytes(EC_KEY, encoding, form)

    with pytest.raises(BadCredentials, match=r"pkey: .*(password|ENCRYPTED)"):
        Credentials(ANY.clicert, locked)


@pytest.mark.parametrize("name", ["clicert", "pkey", "cacert"])
def test_no_message_repeats_a_key_that_is_taken_for_something_else(name: str) -> None:
    secret = "".join(ANY.pkey.splitlines()[1:-1])
    forms: list[object] = [secret, f"{secret}\n.", secret.encode(), f"-----BEGIN {secret}", ANY.pkey[:-30]]

    for source in forms:
        given = {"clicert": ANY.clicert, "pkey": ANY.pkey, name: source}
        with pytest.raises(BadCredentials) as caught:
            Credentials(**given)  # type: ignore[arg-type]
        assert secret[:20] not in str(caught.value)


def test_a_damaged_key_inside_good_der_is_refused_by_tls_by_name() -> None:
    der = bytearray(key_bytes(EC_KEY, Encoding.DER, PKCS8))
    der[12] ^= 0xFF  # Inside the algorithm.

    with pytest.raises(BadCredentials, match="clicert, pkey: TLS cannot use them"):
        tls_context(Credentials(Identity(EC_KEY, ANY.certificate).clicert, bytes(der)))
