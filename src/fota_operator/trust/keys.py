"""The folder of signing keys: for each name a private key, or a reference to a key in AWS KMS.

DIR/NAME.pem    the private key: P-256, PKCS#8, readable by its owner only; encrypted if a passphrase was given
DIR/NAME.kms    instead of that: the ARN of a key in AWS KMS, which never leaves KMS
DIR/NAME.pub    the public key

Leaves to others: signing (`signing`), asking KMS (`kms`), where a passphrase comes from.
"""

import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fota.trust.keyring import key_id
from fota_operator.bounded_text import parse_json
from fota_operator.errors import AlreadyThere, BadInput, KeyUnusable, NotFound, OperatorError
from fota_operator.files import read_bounded, require_folder, write_new

PassphraseOf = Callable[[str], bytes | None]
"""Called for the passphrase of a key, by its name, once the key is known to be encrypted."""

MAX_PASSPHRASE_BYTES = 1023
"""The curve, for the package `cryptography`."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MAX_BYTES = 16_384
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


@dataclass(frozen=True)
class SigningKey:
    """The public part of a key. `kms_arn` is None if the private half is a file."""

    name: str
    key_id: str
    public_key: bytes = field(repr=False)
    """The uncompressed point, 65 bytes."""
    kms_arn: str | None = None


class KeyFolder:
    """The keys in one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def new(self, name: str, passphrase: bytes | None) -> SigningKey:
        """Make a private key, encrypted if there is a passphrase. *Raises* AlreadyThere, BadInput, OperatorError."""
        self._require_free(name)
        private = ec.generate_private_key(ec.SECP256R1())
        write_new(self._file(name, "pem"), _private_pem(private, passphrase), mode=0o600)
        return self._with_public_key(name, "pem", private.public_key())

    def add_kms(self, name: str, arn: str, public_key: ec.EllipticCurvePublicKey) -> SigningKey:
        """Let a key of AWS KMS sign under that name. *Raises* AlreadyThere, BadInput, OperatorError."""
        self._require_free(name)
        write_new(self._file(name, "kms"), json.dumps({"key_arn": arn}).encode() + b"\n", mode=0o644)
        return self._with_public_key(name, "kms", public_key)

    def all(self) -> tuple[SigningKey, ...]:
        """Every key of the folder. *Raises* NotFound if there is no folder, KeyUnusable."""
        require_folder(self.path, "make a key with `fota keys new NAME`, or name its folder with `keys`")
        return tuple(self.get(path.stem) for path in sorted(self.path.glob("*.pub")))

    def get(self, name: str) -> SigningKey:
        """The key of that name. *Raises* BadInput, NotFound, KeyUnusable."""
        _require_name(name)
        self._require_unwritable_by_others()
        pem = read_bounded(
            self._file(name, "pub"), _MAX_BYTES, "make the key with `fota keys new`, or name its folder with `keys`"
        )
        public_key = _loaded_public_key(self._file(name, "pub"), pem)
        return SigningKey(name, key_id(public_key), public_key, self._kms_arn(name))

    def private_key(self, key: SigningKey, passphrase_of: PassphraseOf) -> ec.EllipticCurvePrivateKey:
        """The private half. *Raises* KeyUnusable, NotFound, OperatorError."""
        path = self._file(key.name, "pem")
        pem = self._private_pem_of(key.name)
        passphrase = passphrase_of(key.name) if pem.startswith(_ENCRYPTED) else None
        private = _loaded_private_key(path, pem, passphrase)
        if point_of(private.public_key()) != key.public_key:
            raise KeyUnusable(f"{path} is not the private half of {key.name}.pub", "restore the one that was changed")
        return private

    def _with_public_key(self, name: str, private_suffix: str, public_key: ec.EllipticCurvePublicKey) -> SigningKey:
        """Write the public key too; if that fails, remove the private half."""
        try:
            pem = public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            write_new(self._file(name, "pub"), pem, mode=0o644)
        except BaseException:
            self._file(name, private_suffix).unlink()
            raise
        return self.get(name)

    def _require_free(self, name: str) -> None:
        _require_name(name)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(f"cannot make {self.path}: {error.strerror}", "choose another with `keys`") from error
        self._require_unwritable_by_others()
        for path in (self._file(name, suffix) for suffix in ("pem", "kms", "pub")):
            if path.exists():
                raise AlreadyThere(f"{path} is there already", "a key is never overwritten: choose another name")

    def _require_unwritable_by_others(self) -> None:
        """*Raises* KeyUnusable if others can write here: they could replace our key with their own."""
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
        except OSError:
            return
        if mode & 0o022:
            raise KeyUnusable(f"others can write to {self.path} (mode {mode:04o})", f"run `chmod 700 {self.path}`")

    def _private_pem_of(self, name: str) -> bytes:
        path = self._file(name, "pem")
        try:
            # The mode is read from the opened file, so that it belongs to the bytes that are read.
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                pem = file.read(_MAX_BYTES)
        except OSError as error:
            raise NotFound(f"cannot read {path}: {error.strerror}", "sign where the private key is") from error
        if mode & 0o077:
            raise KeyUnusable(
                f"others can read {path} (mode {mode:04o})",
                f"make a new key if anybody may have; else `chmod 600 {path}`",
            )
        return pem

    def _kms_arn(self, name: str) -> str | None:
        path = self._file(name, "kms")
        if not path.exists():
            return None
        remedy = "restore it, or make a new key with `fota keys new kms=yes`"
        try:
            fields = parse_json(read_bounded(path, _MAX_BYTES, remedy))
        except ValueError as error:
            raise KeyUnusable(f"{path} is not JSON", remedy) from error
        arn = fields.get("key_arn") if isinstance(fields, dict) else None
        if not isinstance(arn, str):
            raise KeyUnusable(f"{path}: key_arn: expected the ARN of a key in AWS KMS", remedy)
        return arn

    def _file(self, name: str, suffix: str) -> Path:
        return self.path / f"{name}.{suffix}"


def point_of(public_key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as keyrings hold it."""
    return public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is not a name for a key", "use 1 to 64 letters, digits, dashes and underscores")


def _private_pem(private: ec.EllipticCurvePrivateKey, passphrase: bytes | None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        if not 0 < len(passphrase) <= MAX_PASSPHRASE_BYTES:
            raise BadInput(f"the passphrase has {len(passphrase)} bytes", f"use 1 to {MAX_PASSPHRASE_BYTES}")
        encryption = serialization.BestAvailableEncryption(passphrase)
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def _loaded_private_key(path: Path, pem: bytes, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    try:
        private = serialization.load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if pem.startswith(_ENCRYPTED):
            raise KeyUnusable(f"the passphrase does not open {path}", "give the one it was made with") from error
        raise KeyUnusable(f"{path} is no private key", "restore it from where you keep a copy") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise KeyUnusable(f"{path} is not a key of P-256", "make one with `fota keys new`")
    return private


def _loaded_public_key(path: Path, pem: bytes) -> bytes:
    try:
        public_key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"{path} is no public key", "restore it from where you keep a copy") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(public_key.curve, ec.SECP256R1):
        raise KeyUnusable(f"{path} is not a key of P-256", "make one with `fota keys new`")
    return point_of(public_key)
