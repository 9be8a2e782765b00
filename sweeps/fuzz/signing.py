"""The keys of the fuzz, and their signatures. These are PUBLISHED TEST KEYS: everybody can read them here.

Signatures are deterministic (RFC 6979), so that a document is the same in every run.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fota.trust import envelope, keyring

KEYS = 12
"""Key 0, 1 and 2 are in the keyrings of the devices; the others are strangers, or come with a next keyring."""

_ALGORITHM = ec.ECDSA(SHA256(), deterministic_signing=True)
_PRIVATE = [ec.derive_private_key(1_000_003 * (number + 1), ec.SECP256R1()) for number in range(KEYS)]

PUBLIC = tuple(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in _PRIVATE)
IDS = tuple(keyring.key_id(key) for key in PUBLIC)


@lru_cache(maxsize=4096)
def signature(key: int, payload_type: str, payload: bytes) -> bytes:
    """r, then s, of what an envelope says."""
    found = _PRIVATE[key].sign(envelope.signed_bytes(payload_type, payload), _ALGORITHM)
    r, s = utils.decode_dss_signature(found)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
