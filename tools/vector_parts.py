"""Parts of the vectors: published test keys, signatures, manifests, keyrings and job documents, right ones and wrong.

It is written from the documented formats and shares no code with the device, which it is there to judge.
Everything is the same at every run: signatures are deterministic (RFC 6979).
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# These keys are published with the source: to trust one of them is to trust everybody. Never put one on a device.
PUBLISHED_TEST_KEYS = {
    "first": int.from_bytes(b"PUBLISHED TEST KEY, NEVER USE #1", "big"),
    "second": int.from_bytes(b"PUBLISHED TEST KEY, NEVER USE #2", "big"),
    "third": int.from_bytes(b"PUBLISHED TEST KEY, NEVER USE #3", "big"),
    "stranger": int.from_bytes(b"PUBLISHED TEST KEY, NEVER USE #4", "big"),
}

MANIFEST = "application/vnd.aws-iot-fota.manifest+json"
KEYRING = "application/vnd.aws-iot-fota.keyring+json"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256: n."""

NOW_S = 1_767_226_600
CAPACITY_BYTES = 10_000
FACTORY = "the factory image"
IMAGE = "new image"
ORDINARY = "one-key"
"""The device of nearly every vector, by its name in `vector_devices`."""
ABSENT = object()
"""Used in the place of a value: the field is left out."""

# Any: wrong types are what many vectors are about.
Fields = dict[str, Any]


class Vector(NamedTuple):
    """One device, one job document, and the verdict that it must get."""

    file: str
    """`accepted.jsonl`, or `refused/REASON.jsonl`."""
    name: str
    about: str
    device: str
    """Its name in `vector_devices`."""
    document: object
    image: str = ""
    """What runs in the end, if a release is accepted."""


def with_changes(fields: Mapping[str, object], changes: Mapping[str, object]) -> Fields:
    """The fields, some of them replaced, added or left out."""
    return {name: value for name, value in {**fields, **changes}.items() if value is not ABSENT}


def encoded(value: object) -> bytes:
    """JSON with sorted keys and no spaces: canonical, where the value can be."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """One of the published test keys."""
    return ec.derive_private_key(PUBLISHED_TEST_KEYS[name], ec.SECP256R1())


def public_key(name: str) -> bytes:
    """Its uncompressed point."""
    return private_key(name).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def key_id(name: str) -> str:
    """The id that its public key has."""
    return hashlib.sha256(public_key(name)).hexdigest()[:16]


def signed_bytes(payload: bytes, kind: str = MANIFEST) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def numbers(name: str, message: bytes, algorithm: hashes.HashAlgorithm | None = None) -> tuple[int, int]:
    """R and s of the signature of a message."""
    how = ec.ECDSA(algorithm or hashes.SHA256(), deterministic_signing=True)
    return utils.decode_dss_signature(private_key(name).sign(message, how))


def raw(r: int, s: int) -> bytes:
    """A signature as devices take it."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signature(name: str, payload: bytes, kind: str = MANIFEST) -> bytes:
    """The right signature."""
    return raw(*numbers(name, signed_bytes(payload, kind)))


def base64_of(content: bytes) -> str:
    """The one spelling."""
    return base64.b64encode(content).decode()


def entry(keyid: object, sig: bytes | object) -> Fields:
    """One member of `signatures`."""
    return {"keyid": keyid, "sig": base64_of(sig) if isinstance(sig, bytes) else sig}


def envelope(
    payload: bytes, signers: Iterable[str] = ("first",), /, kind: str = MANIFEST, **changes: object
) -> Fields:
    """The envelope of a payload; a field given replaces the right one."""
    signatures = [entry(key_id(name), signature(name, payload, kind)) for name in signers]
    fields: Fields = {"payload": base64_of(payload), "payloadType": kind, "signatures": signatures}
    return with_changes(fields, changes)


def manifest(image: str = IMAGE, /, **changes: object) -> Fields:
    """The fields of a manifest that any device here takes; one given replaces the right one."""
    fields: Fields = {
        "format": 1,
        "hardware": ["board-a"],
        "image": "zipapp",
        "md5": hashlib.md5(image.encode()).hexdigest(),  # noqa: S324 - the protocol's own checksum
        "product": "lamp",
        "release": "lamp-7",
        "secver": 3,
        "seq": 7,
        "sha256": hashlib.sha256(image.encode()).hexdigest(),
        "size": len(image.encode()),
        "slot": "any",
        "version": "1.7.0",
    }
    return with_changes(fields, changes)


def keyring(*names: str, **changes: object) -> Fields:
    """The fields of a keyring of those keys, the first one if none is named; one given replaces the right one."""
    fields: Fields = {
        "format": 1,
        "hardware": "board-a",
        "keys": {key_id(name): public_key(name).hex() for name in names or ("first",)},
        "product": "lamp",
        "threshold": 1,
        "version": 1,
    }
    return with_changes(fields, changes)


def device(**changes: object) -> Fields:
    """A device that trusts one key and has installed releases before; a field given replaces the right one."""
    fields: Fields = {
        "capacity_bytes": CAPACITY_BYTES,
        "floor": {"secver": 3, "seq": 5, "sha256": hashlib.sha256(FACTORY.encode()).hexdigest()},
        "keyring": keyring(),
        "known_bad": False,
        "now_s": NOW_S,
        "running": FACTORY,
        "slots": 2,
    }
    return with_changes(fields, changes)


def document(image: str = IMAGE, release: object = ABSENT, **changes: object) -> Fields:
    """The job document for an image; `release` is its envelope, the right one unless given, None for none."""
    digest = hashlib.sha256(image.encode()).hexdigest()
    fields: Fields = {
        "bc_crc": hashlib.md5(image.encode()).hexdigest(),  # noqa: S324 - the protocol's own checksum
        "bc_idx": "any",
        "bc_sha256": digest,
        "bc_size": len(image.encode()),
        "bc_url": "https://images.example/" + digest,
        "operation": "fota",
    }
    if release is ABSENT:
        release = envelope(encoded(manifest(image)))
    if release is not None:
        fields["envelope"] = release
    return with_changes(fields, changes)


def signed_document(image: str = IMAGE, /, *, signers: Iterable[str] = ("first",), **changes: object) -> Fields:
    """The job document for a manifest with these changes, well signed."""
    return document(image, envelope(encoded(manifest(image, **changes)), signers))


def keyring_document(payload: Fields | bytes, signers: Iterable[str] = ("first",), kind: str = KEYRING) -> Fields:
    """The job document that brings a keyring."""
    content = payload if isinstance(payload, bytes) else encoded(payload)
    return {"envelope": envelope(content, signers, kind), "operation": "fota-keyring"}


def refused(reason: str, name: str, about: str, asked: object, device: str = ORDINARY) -> Vector:
    """A vector that this device refuses for that reason."""
    return Vector(f"refused/{reason}.jsonl", name, about, device, asked)


def accepted(name: str, about: str, asked: object, image: str = IMAGE, device: str = ORDINARY) -> Vector:
    """A vector that this device accepts; the image runs in the end, unless it is empty."""
    return Vector("accepted.jsonl", name, about, device, asked, image)
