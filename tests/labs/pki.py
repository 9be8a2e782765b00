"""Keys and certificates of devices, in every form that a user may hold them. Made anew for each run."""

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Identity(NamedTuple):
    """A device's key and the certificate for it, signed by itself."""

    key: Key
    certificate: x509.Certificate

    @property
    def clicert(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def pkey(self) -> str:
        return key_bytes(self.key, Encoding.PEM, PrivateFormat.PKCS8).decode()


def new_identity(name: str = "device-1", key: Key | None = None) -> Identity:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return Identity(key, certificate)


def key_bytes(key: Key, encoding: Encoding, form: PrivateFormat) -> bytes:
    return key.private_bytes(encoding, form, NoEncryption())


def locked_key_bytes(key: Key, encoding: Encoding, form: PrivateFormat) -> bytes:
    return key.private_bytes(encoding, form, BestAvailableEncryption(b"a password"))
