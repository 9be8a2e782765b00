"""DSSE envelopes: a payload, its type, and its signatures.

{"payload": BASE64, "payloadType": TEXT, "signatures": [{"keyid": KEY ID, "sig": BASE64}, ...]}

The payload is signed together with its type, so that a keyring can never pass for a manifest. The payload is
given out only once its signatures were verified, over the very bytes that came; it is parsed after that.

DSSE: https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md
"""

import binascii

from fota.fields import is_hexadecimal
from fota.trust.errors import BadEnvelope, BadSignature, TooFewSignatures, UnknownKey, require_same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PAYLOAD_BYTES = 2048
MAX_SIGNATURES = 16
"""All keys of a keyring and all keys of the next one can sign the next one."""
SIGNATURE_BYTES = 64
KEY_ID_DIGITS = 16

_MAX_TYPE_CHARACTERS = 80


class Envelope:
    """An envelope that was read, but not verified."""

    def __init__(self, payload_type: str, payload: bytes, signatures: "list[tuple[str, bytes]]") -> None:
        self.payload_type = payload_type
        self.payload = payload
        self.signatures = signatures
        """The key id and the signature (r, then s) of each signer."""


def parse(value: object) -> Envelope:
    """The envelope in a JSON object. *Raises* BadEnvelope, which names the field."""
    if not isinstance(value, dict) or set(value) != {"payload", "payloadType", "signatures"}:
        raise BadEnvelope("envelope: expected an object of payload, payloadType, signatures")
    kind = value["payloadType"]
    if type(kind) is not str or not 0 < len(kind) <= _MAX_TYPE_CHARACTERS or min(kind) <= " " or max(kind) > "~":
        raise BadEnvelope(f"payloadType: expected 1 to {_MAX_TYPE_CHARACTERS} printable ASCII characters")
    payload = _from_base64("payload", value["payload"], MAX_PAYLOAD_BYTES)
    found = value["signatures"]
    if not isinstance(found, list) or not 0 < len(found) <= MAX_SIGNATURES:
        raise BadEnvelope(f"signatures: expected a list of 1 to {MAX_SIGNATURES}")
    signatures = list(map(_signature, found))
    if len(dict(signatures)) != len(signatures):
        raise BadEnvelope("signatures: expected each key once")
    return Envelope(kind, payload, signatures)


def fields(envelope: Envelope) -> "dict[str, object]":
    """The envelope as an object for JSON, which `parse` reads."""
    return {
        "payload": _base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [{"keyid": key, "sig": _base64(signature)} for key, signature in envelope.signatures],
    }


def signed_bytes(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding."""
    return f"DSSEv1 {len(payload_type.encode())} {payload_type} {len(payload)} ".encode() + payload


def verified(envelope: Envelope, payload_type: str, keys: "Mapping[str, bytes]", threshold: int) -> bytes:
    """The payload, if at least `threshold` different keys have signed it with that type.

    Signatures by keys that are not in `keys` are passed over, so that a release can be signed for old and new
    devices alike; a wrong signature under a key of ours is always refused, even if others are good.
    *Raises* BadEnvelope, UnknownKey, BadSignature, TooFewSignatures.
    """
    # Imported late: a device that checks no signature does not need it.
    from fota.trust.signature import verify_p256

    require_same(BadEnvelope, "payloadType", payload_type, envelope.payload_type)
    message = signed_bytes(payload_type, envelope.payload)
    signers = set()
    for key, signature in envelope.signatures:
        if key in keys:
            if verify_p256(keys[key], message, signature) is not True:
                raise BadSignature(f"signatures: that by key {key} does not fit")
            signers.add(keys[key])
    if not signers:
        raise UnknownKey("signatures: none is by a key of the keyring")
    if len(signers) < threshold:
        raise TooFewSignatures(f"signatures: expected {threshold} by keys of the keyring, got {len(signers)}")
    return envelope.payload


def _signature(value: object) -> "tuple[str, bytes]":
    if not isinstance(value, dict) or set(value) != {"keyid", "sig"}:
        raise BadEnvelope("signatures: expected objects of keyid, sig")
    key = value["keyid"]
    if not is_hexadecimal(key, KEY_ID_DIGITS):
        raise BadEnvelope(f"keyid: expected {KEY_ID_DIGITS} hexadecimal digits in lower case")
    signature = _from_base64("sig", value["sig"], SIGNATURE_BYTES)
    if len(signature) != SIGNATURE_BYTES:
        raise BadEnvelope(f"sig: expected {SIGNATURE_BYTES} bytes, got {len(signature)}")
    return key, signature


def _from_base64(name: str, value: object, most_bytes: int) -> bytes:
    content = b""
    if type(value) is str and len(value) <= (most_bytes + 2) // 3 * 4:
        try:
            content = binascii.a2b_base64(value)
        except ValueError:
            content = b""
    # Decoders skip characters that they do not know; here each content has exactly one encoding.
    if not content or _base64(content) != value or len(content) > most_bytes:
        raise BadEnvelope(f"{name}: expected 1 to {most_bytes} bytes in base64, in its one exact spelling")
    return content


def _base64(content: bytes) -> str:
    return binascii.b2a_base64(content)[:-1].decode()
