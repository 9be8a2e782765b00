"""Reads the signing requests that devices made: the key stays on the device, and AWS IoT certifies its public half.

What AWS IoT would refuse is refused here, before anything is made.
Leaves to others: asking AWS for the certificate (`registration`).
AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_CreateCertificateFromCsr.html
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fota_operator.errors import BadInput, NotFound
from fota_operator.files import read_bounded, require_folder
from fota_operator.things.names import MAX_THINGS, require_thing_name

SUFFIX = ".csr"
_MAX_BYTES = 16_384
_BEGINNING = b"CERTIFICATE REQUEST-----"
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_MIN_RSA_BITS = 2048
_REMEDY = "make it on the device: openssl req -new -key private.pem.key -subj /CN=NAME -out NAME.csr"


@dataclass(frozen=True)
class SigningRequest:
    """What AWS IoT is asked to certify, as PEM, and the public key in it, as DER."""

    pem: str
    public_key: bytes


def read_signing_request(path: Path) -> SigningRequest:
    """The request of a file, as PEM. *Raises* NotFound, BadInput, also for a key that AWS IoT does not certify."""
    content = read_bounded(path, _MAX_BYTES, _REMEDY)
    if b"PRIVATE KEY" in content:
        raise BadInput(
            f"{path} holds a private key, which must not leave its device",
            "do not use that key: make another one on the device, and send the signing request alone",
        )
    if _BEGINNING not in content:
        raise BadInput(f"{path} is no signing request as PEM: no line begins one", _REMEDY)
    try:
        request = x509.load_pem_x509_csr(content)
        key = request.public_key()
        is_signed = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise BadInput(f"{path} is no signing request as PEM: {error or 'it cannot be read'}", _REMEDY) from error
    if not is_signed:
        raise BadInput(f"{path}: its signature is not that of the key in it", _REMEDY)
    if isinstance(key, ec.EllipticCurvePublicKey):
        is_accepted, kind = key.curve.name in _CURVES, f"EC on {key.curve.name}"
    elif isinstance(key, rsa.RSAPublicKey):
        is_accepted, kind = key.key_size >= _MIN_RSA_BITS, f"RSA of {key.key_size} bits"
    else:
        is_accepted, kind = False, type(key).__name__
    if not is_accepted:
        raise BadInput(
            f"{path}: expected a key on P-256, P-384 or P-521, or RSA of 2048 bits and more, got {kind}", _REMEDY
        )
    return SigningRequest(
        request.public_bytes(Encoding.PEM).decode(), key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


def read_signing_requests(folder: Path) -> dict[str, SigningRequest]:
    """The request of each file `NAME.csr` of a folder, by the name of its thing, in the order of the names.

    All are read before the first is used. *Raises* NotFound without a folder or a request, BadInput.
    """
    require_folder(folder, "name the folder of the signing requests")
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
    except OSError as error:
        raise NotFound(
            f"cannot read {folder}: {error.strerror}", "name the folder of the signing requests"
        ) from error
    if not paths:
        raise NotFound(f"{folder} holds no file NAME{SUFFIX}", "name the folder of the signing requests")
    if len(paths) > MAX_THINGS:
        raise BadInput(f"{folder}: expected at most {MAX_THINGS} requests, got {len(paths)}", "split it")
    for path in paths:
        require_thing_name(path.stem)
    return {path.stem: read_signing_request(path) for path in paths}


def require_own_keys(requests: dict[str, SigningRequest]) -> None:
    """*Raises* BadInput if two things ask with the same key: a copied key is on both devices."""
    owners: dict[bytes, str] = {}
    for name, request in requests.items():
        owner = owners.setdefault(request.public_key, name)
        if owner != name:
            raise BadInput(
                f"{owner} and {name} have the same key", "make a key on each device, also where its disk was copied"
            )


def certifies(certificate_pem: bytes, request: SigningRequest) -> bool:
    """Whether a certificate is for the key of the request. A certificate that cannot be read is for no key."""
    try:
        key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    except ValueError:
        return False
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == request.public_key
