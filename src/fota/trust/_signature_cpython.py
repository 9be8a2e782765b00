"""CPython's half of `signature`, over the package `cryptography`."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `message` by `public_key`; see `signature.verify_p256`."""
    if not (type(message) is bytes and type(signature) is bytes and len(signature) == 64):
        return False
    key = key_of(public_key)
    if key is None:
        return False
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:], "big")
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def key_of(public_key: bytes) -> "ec.EllipticCurvePublicKey | None":
    """The key with the point 04 || x || y; None if that is no point of the curve, or has another form."""
    # Only this form is accepted; some versions of the package accept others, such as compressed points.
    if not (type(public_key) is bytes and len(public_key) == 65 and public_key[0] == 4):
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    except ValueError:
        return None
