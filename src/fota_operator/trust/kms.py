"""Keys in AWS KMS: reads their public halves, and signs with them. Only a digest is sent to KMS."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import CloudRefused, KeyUnusable, NotFound
from fota_operator.trust.keys import SigningKey
from fota_operator.trust.signing import signature_from_der

# What KMS calls P-256, and ECDSA with SHA-256 on it.
_KEY_SPEC = "ECC_NIST_P256"
_ALGORITHM: Literal["ECDSA_SHA_256"] = "ECDSA_SHA_256"
_ABSENT = {"InvalidArnException", "NotFoundException"}
_UNFIT = {"InvalidKeyUsageException", "UnsupportedOperationException"}
_OUT_OF_USE = {"DisabledException", "KMSInvalidStateException"}
_WOULD_HAVE = "DryRunOperationException"
_REMEDY = f"make one: `aws kms create-key --key-spec {_KEY_SPEC} --key-usage SIGN_VERIFY`"


class KmsSigner:
    """Signs by a key that never leaves AWS KMS."""

    def __init__(self, cloud: Cloud, key: SigningKey) -> None:
        if key.kms_arn is None:
            raise ValueError(f"{key.name} is no key of KMS")
        self.key = key
        self._cloud = cloud
        self._arn = key.kms_arn

    def sign(self, message: bytes) -> bytes:
        """See `signing.Signer`. *Raises* KeyUnusable, NotFound, CloudRefused, CloudUnreachable."""
        digest = hashlib.sha256(message).digest()
        with _explaining(f"sign with {self._arn}", self._arn):
            answer = self._cloud.kms.sign(
                KeyId=self._arn, Message=digest, MessageType="DIGEST", SigningAlgorithm=_ALGORITHM
            )
        return signature_from_der(self.key, answer["Signature"])


def kms_public_key(cloud: Cloud, key: str) -> tuple[str, ec.EllipticCurvePublicKey]:
    """The ARN and the public half of a key, given by id, ARN or alias.

    *Raises* KeyUnusable, NotFound, CloudRefused, CloudUnreachable.
    """
    with _explaining(f"ask KMS for the public key of {key}", key):
        answer = cloud.kms.get_public_key(KeyId=key)
    spec, usage = answer.get("KeySpec"), answer.get("KeyUsage")
    if (spec, usage) != (_KEY_SPEC, "SIGN_VERIFY"):
        raise KeyUnusable(f"{key} is a key of {spec} for {usage}, not of {_KEY_SPEC} for SIGN_VERIFY", _REMEDY)
    try:
        public_key = load_der_public_key(answer["PublicKey"])
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"what KMS gave for {key} is no public key", "run this again") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(public_key.curve, ec.SECP256R1):
        raise KeyUnusable(f"what KMS gave for {key} is not a key of P-256", _REMEDY)
    return answer["KeyId"], public_key


def require_may_sign(cloud: Cloud, key: str) -> None:
    """Check that a key is enabled and that we may sign with it: a dry run, in which KMS makes no signature.

    *Raises* KeyUnusable, NotFound, CloudRefused, CloudUnreachable.
    """
    try:
        with _explaining(f"sign with {key}", key):
            cloud.kms.sign(
                KeyId=key,
                Message=hashlib.sha256(b"").digest(),
                MessageType="DIGEST",
                SigningAlgorithm=_ALGORITHM,
                DryRun=True,
            )
    except CloudRefused as error:
        if error.code != _WOULD_HAVE:
            raise


@contextmanager
def _explaining(action: str, key: str) -> Iterator[None]:
    """Turn boto3's errors into ours, and put KMS's answer for a key that does not exist into words."""
    try:
        with explaining(action):
            yield
    except CloudRefused as error:
        if error.code in _ABSENT:
            raise NotFound(f"there is no key {key} in KMS here", "look at its id and its region") from error
        if error.code in _UNFIT:
            raise KeyUnusable(error.message, _REMEDY) from error
        if error.code in _OUT_OF_USE:
            raise KeyUnusable(error.message, "enable the key in KMS, or sign with another") from error
        raise
