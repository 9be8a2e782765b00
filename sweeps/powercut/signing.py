"""Signs releases and keyrings as their maker does, and says who signed what, for devices with a keyring.

This file was written from docs/design.md and the specification of DSSE, and uses none of the code under test.
The keys are fixed and the signatures deterministic (RFC 6979), so that equal states are equal in every run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PRODUCT, HARDWARE = "lamp", "rev-a"
OLD, NEW = "old", "new"
"""The key that a device begins with, and the one that replaces it."""

_KEYS = {name: ec.derive_private_key(number, ec.SECP256R1()) for number, name in enumerate((OLD, NEW), 1_000)}
_MANIFEST = "application/vnd.aws-iot-fota.manifest+json"
_KEYRING = "application/vnd.aws-iot-fota.keyring+json"


@dataclass(frozen=True)
class Release:
    """What is claimed of an image, and by whom."""

    seq: int
    secver: int = 0
    signers: tuple[str, ...] = (OLD,)
    hardware: str = HARDWARE

    def envelope(self, image: bytes) -> dict[str, object]:
        """The signed claim about these bytes."""
        payload = {
            "format": 1,
            "hardware": [self.hardware],
            "image": "zipapp",
            "md5": hashlib.md5(image).hexdigest(),  # noqa: S324 - the protocol's own checksum
            "product": PRODUCT,
            "release": f"release-{self.seq}",
            "secver": self.secver,
            "seq": self.seq,
            "sha256": hashlib.sha256(image).hexdigest(),
            "size": len(image),
            "slot": "any",
            "version": f"1.{self.seq}",
        }
        return _signed(_MANIFEST, _canonical(payload), self.signers)


@dataclass(frozen=True)
class Keys:
    """A keyring of one key, and who signed it."""

    version: int
    key: str
    signers: tuple[str, ...] = (OLD, NEW)
    hardware: str | None = None
    """None: for devices of every kind, as a keyring that is sent to a fleet is."""
    void: tuple[tuple[str, int], ...] = ()
    """The numbers that it voids, and what a device has instead, by their names."""

    def content(self) -> bytes:
        """The keyring itself."""
        public = _point(self.key)
        fields = {
            "format": 1,
            "keys": {key_id(self.key): public.hex()},
            "product": PRODUCT,
            "threshold": 1,
            "version": self.version,
        }
        return _canonical(fields | dict(self.void) | ({} if self.hardware is None else {"hardware": self.hardware}))

    def envelope(self) -> dict[str, object]:
        """The signed keyring."""
        return _signed(_KEYRING, self.content(), self.signers)


FIRST_KEYS = Keys(1, OLD, (), HARDWARE)
"""What a device is provisioned with."""


@lru_cache(maxsize=8)
def key_id(name: str) -> str:
    """The id by which envelopes and keyrings name a key."""
    return hashlib.sha256(_point(name)).hexdigest()[:16]


@lru_cache(maxsize=1_000)
def manifest_signed_by(envelope: bytes) -> tuple[dict[str, object], frozenset[str]] | None:
    """What an envelope claims of an image, and the ids of the keys that signed it; None if it cannot be read."""
    try:
        fields = json.loads(envelope)
        payload = base64.b64decode(fields["payload"], validate=True)
        claims: dict[str, object] = json.loads(payload)
        signatures = [(one["keyid"], base64.b64decode(one["sig"], validate=True)) for one in fields["signatures"]]
        if fields["payloadType"] != _MANIFEST:
            return None
    except (ValueError, KeyError, TypeError):
        return None
    return claims, frozenset(key for key, signature in signatures if _fits(key, payload, signature))


def _fits(key: str, payload: bytes, signature: bytes) -> bool:
    named = [one for name, one in _KEYS.items() if key_id(name) == key]
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        for one in named:
            sequence = utils.encode_dss_signature(r, s)
            one.public_key().verify(sequence, _signed_bytes(_MANIFEST, payload), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return bool(named)


@lru_cache(maxsize=100)
def _signature(name: str, message: bytes) -> bytes:
    r, s = utils.decode_dss_signature(_KEYS[name].sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _signed(kind: str, payload: bytes, signers: tuple[str, ...]) -> dict[str, object]:
    signatures = [
        {"keyid": key_id(name), "sig": _text(_signature(name, _signed_bytes(kind, payload)))} for name in signers
    ]
    return {"payload": _text(payload), "payloadType": kind, "signatures": signatures}


def _signed_bytes(kind: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def _canonical(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _point(name: str) -> bytes:
    return _KEYS[name].public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
