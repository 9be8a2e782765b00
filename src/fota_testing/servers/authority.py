"""A certificate authority that lives as long as a test, and the TLS servers whose certificates it signs.

It is published for porters. It runs on CPython and needs the package `cryptography`, which is imported when an
authority is made. A server's private key is on disk only while TLS loads it from there.
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate, CertificateBuilder, GeneralName

_LIFETIME = datetime.timedelta(days=1)


class Authority:
    """Signs certificates of servers. Give `pem`, or a file that holds it, to a client that must trust them."""

    def __init__(self, name: str = "fota testing") -> None:
        """*Raises* RuntimeError without the package `cryptography`."""
        try:
            from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - late: see above
        except ImportError as error:
            raise RuntimeError("a test server needs certificates: pip install cryptography") from error
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.pem: str = _pem(self._sign(_for_authority(self._builder(name, self._key.public_key()))))

    def server_context(self, names: Sequence[str]) -> ssl.SSLContext:
        """TLS for a server that goes by these names: host names or IP addresses."""
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(_for_server(self._builder(names[0], key.public_key()), names))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "server.pem")
            path.touch(mode=0o600)
            path.write_text(_key_pem(key) + _pem(certificate))
            context.load_cert_chain(path)
        return context

    def _builder(self, subject: str, public_key: EllipticCurvePublicKey) -> CertificateBuilder:
        from cryptography import x509  # noqa: PLC0415

        now = datetime.datetime.now(datetime.timezone.utc)
        own_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self._name)]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _LIFETIME)
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(own_key, critical=False)
        )

    def _sign(self, builder: CertificateBuilder) -> Certificate:
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

        return builder.sign(self._key, hashes.SHA256())


def _for_authority(builder: CertificateBuilder) -> CertificateBuilder:
    """The key usage that RFC 5280 requires of an authority; newer Pythons check it."""
    from cryptography import x509  # noqa: PLC0415

    may_sign = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    return builder.add_extension(constraints, critical=True).add_extension(may_sign, critical=True)


def _for_server(builder: CertificateBuilder, names: Sequence[str]) -> CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415

    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    return builder.add_extension(alternatives, critical=False)


def _general_name(name: str) -> GeneralName:
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
