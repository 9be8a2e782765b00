"""The doctor's checks of a thing's folder: the endpoint, the thing's name, the certificate, the key.

CPython only. The folder is what `fota things add` makes. No message holds anything of the private key. `network`
checks what the endpoint answers.
"""

import datetime
import json
import os

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from fota.fields import host_and_port
from fota_boot.doctor.access import examine_thing_access
from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_boot.thing_folder import CERTIFICATE, CONF, PRIVATE_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

MQTT_PORT = 8883
HTTPS_PORT = 443
EXPIRES_SOON = datetime.timedelta(days=30)

_MAX_BYTES = 65_536


class Identity:
    """Where a device connects, and what it shows there. Files are given by their paths."""

    def __init__(self, folder: str, endpoint: str, client_id: str, cacert: str | None) -> None:
        """*Raises* ValueError for an endpoint that is neither `host` nor `host:port`."""
        self.host: str
        self.port: int
        self.host, self.port = host_and_port(endpoint, MQTT_PORT)
        if not self.port:
            raise ValueError(f"endpoint: expected host or host:port, got {endpoint!r}")
        self.https_port = None if ":" in endpoint else HTTPS_PORT
        """Where the same host speaks HTTPS; None: not known."""
        self.client_id = client_id
        self.certificate: str = f"{folder}/{CERTIFICATE}"
        self.private_key: str = f"{folder}/{PRIVATE_KEY}"
        self.cacert = cacert
        """None: the system's authorities."""


def examine_thing(folder: str, now: datetime.datetime) -> tuple[list[Finding], Identity | None]:
    """The findings about the folder; and the identity, if it can be read."""
    try:
        identity = _identity(folder)
    except OSError as error:
        remedy = "name the folder that `fota things add` made, and run it as the user of the device"
        return [Finding("thing folder", ERROR, f"{folder}/{CONF}: {error.strerror}", remedy)], None
    except ValueError as error:
        return [Finding("thing folder", ERROR, f"{CONF}: {error}", "restore the folder from `fota things add`")], None
    others = [".", CONF, CERTIFICATE, *([identity.cacert] if identity.cacert else [])]
    findings = examine_thing_access(folder, PRIVATE_KEY, others)
    return findings + _certificate_findings(identity, now), identity


def _identity(folder: str) -> Identity:
    """*Raises* OSError; ValueError, which names the field."""
    try:
        found = json.loads(_content(f"{folder}/{CONF}"))
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    fields = found if isinstance(found, dict) else {}
    for name in ("endpoint", "mqttid"):
        if not isinstance(fields.get(name), str) or not fields[name]:
            raise ValueError(f"{name}: expected a text")
    cacert = fields.get("cacert")
    if cacert is not None and not isinstance(cacert, str):
        raise ValueError("cacert: expected a file name")
    return Identity(folder, fields["endpoint"], fields["mqttid"], cacert and os.path.join(folder, cacert))


def _certificate_findings(identity: Identity, now: datetime.datetime) -> list[Finding]:
    remedy = "restore it, or make the thing anew with `fota things add`"
    try:
        certificate = _certificate(_content(identity.certificate))
    except OSError as error:
        return [Finding("certificate", ERROR, f"{identity.certificate}: {error.strerror}", remedy)]
    except ValueError:
        return [Finding("certificate", ERROR, f"{identity.certificate}: not a certificate", remedy)]
    return [_validity(certificate, now), _match(certificate, identity, remedy)]


def _validity(certificate: x509.Certificate, now: datetime.datetime) -> Finding:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return Finding("certificate", ERROR, f"valid only from {begins:%Y-%m-%d %H:%M} UTC on", "set the clock")
    remedy = "give the device a new certificate"
    if now > ends:
        return Finding("certificate", ERROR, f"expired on {ends:%Y-%m-%d}", remedy)
    if now + EXPIRES_SOON > ends:
        return Finding("certificate", WARNING, f"expires on {ends:%Y-%m-%d}, in {(ends - now).days} days", remedy)
    return Finding("certificate", OK, f"valid until {ends:%Y-%m-%d}")


def _match(certificate: x509.Certificate, identity: Identity, remedy: str) -> Finding:
    try:
        key = _private_key(_content(identity.private_key))
    except OSError as error:
        return Finding("private key", ERROR, f"{identity.private_key}: {error.strerror}", remedy)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # TypeError: it has a password. The library's own text is not shown: it may quote the key.
        text = f"{identity.private_key}: not a private key without a password"
        return Finding("private key", ERROR, text, remedy)
    if key.public_key() != certificate.public_key():
        return Finding("private key", ERROR, "is not the one that the certificate is for", remedy)
    return Finding("private key", OK, "belongs to the certificate")


def _certificate(content: bytes) -> x509.Certificate:
    """*Raises* ValueError."""
    if b"-----BEGIN " in content:
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def _private_key(content: bytes) -> "PrivateKeyTypes":
    """*Raises* ValueError, TypeError, UnsupportedAlgorithm."""
    if b"-----BEGIN " in content:
        return load_pem_private_key(content, None)
    return load_der_private_key(content, None)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(_MAX_BYTES)
