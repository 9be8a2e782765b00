"""Signs what devices verify, with private keys in files or in AWS KMS.

Leaves to others: what is signed, and keeping the keys (`keys`, `kms`).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from fota.trust import envelope as envelopes
from fota.trust.envelope import MAX_SIGNATURES, Envelope
from fota.trust.errors import BadEnvelope, BadSignature
from fota_operator.errors import BadInput, KeyUnusable
from fota_operator.trust.keys import KeyFolder, PassphraseOf, SigningKey

_HALF_BYTES = envelopes.SIGNATURE_BYTES // 2


class Signer(Protocol):
    """Something that can sign with a key."""

    key: SigningKey

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256 over the message: 64 bytes, r then s."""


class FileSigner:
    """Signs by a private key that is here."""

    def __init__(self, key: SigningKey, private: ec.EllipticCurvePrivateKey) -> None:
        self.key = key
        self._private = private

    def sign(self, message: bytes) -> bytes:
        """See Signer."""
        return signature_from_der(self.key, self._private.sign(message, ec.ECDSA(SHA256())))


def signers(
    folder: KeyFolder,
    names: Sequence[str],
    *,
    passphrase_of: PassphraseOf,
    kms_signer: Callable[[SigningKey], Signer],
) -> tuple[Signer, ...]:
    """The signers of these names, with every key opened. *Raises* BadInput, NotFound, KeyUnusable."""
    keys = [folder.get(name) for name in names]
    if not 0 < len(keys) <= MAX_SIGNATURES:
        raise BadInput(f"`signers`: expected 1 to {MAX_SIGNATURES} keys, got {len(keys)}", "name them")
    if len({key.key_id for key in keys}) != len(keys):
        raise BadInput("`signers`: the same key twice", "one key is one signature: name different keys")
    return tuple(
        kms_signer(key) if key.kms_arn is not None else FileSigner(key, folder.private_key(key, passphrase_of))
        for key in keys
    )


def signed(payload_type: str, payload: bytes, by: Sequence[Signer]) -> Envelope:
    """The envelope of a payload, each signature verified as a device would. *Raises* BadInput, KeyUnusable."""
    message = envelopes.signed_bytes(payload_type, payload)
    envelope = Envelope(payload_type, payload, [(one.key.key_id, one.sign(message)) for one in by])
    keys = {one.key.key_id: one.key.public_key for one in by}
    try:
        envelopes.verified(envelopes.parse(envelopes.fields(envelope)), payload_type, keys, len(keys))
    except BadEnvelope as error:
        raise BadInput(f"what is to be signed does not fit into an envelope: {error}", "shorten it") from error
    except BadSignature as error:
        raise KeyUnusable(
            f"a signature does not fit the public key beside its private one ({error})",
            "restore the .pub file, or make a new key",
        ) from error
    return envelope


def signature_from_der(key: SigningKey, der: bytes) -> bytes:
    """A signature as devices take it, r followed by s, from the DER of a signer. *Raises* KeyUnusable."""
    try:
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(_HALF_BYTES, "big") + s.to_bytes(_HALF_BYTES, "big")
    except (ValueError, OverflowError) as error:
        raise KeyUnusable(f"what {key.name} gave is no signature of P-256", "look at that key") from error
