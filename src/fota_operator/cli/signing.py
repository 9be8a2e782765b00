"""What the commands that sign, and those that verify, have in common: where keys and keyrings are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fota_operator.errors import NotFound

if TYPE_CHECKING:
    from fota.trust.keyring import Keyring
    from fota_operator.trust.keys import SigningKey
    from fota_operator.trust.signing import Signer


def open_signers(keys: Path, names: Sequence[str], passphrase_file: Path | None) -> "tuple[Signer, ...]":
    """The signers of these names. AWS is needed only for keys of KMS. *Raises* OperatorError."""
    from fota_operator.cli.passphrase import known_passphrase
    from fota_operator.trust.keys import KeyFolder
    from fota_operator.trust.signing import signers

    return signers(
        KeyFolder(keys),
        names,
        passphrase_of=lambda name: known_passphrase(name, passphrase_file),
        kms_signer=_kms_signer,
    )


def keyring_of(device_keyring: Path | None, keys: Path) -> "Keyring":
    """The keyring to verify with. *Raises* NotFound, BadInput."""
    from fota_operator.trust.keyrings import KEYRING_FILE, read_keyring

    path = device_keyring or keys / KEYRING_FILE
    if device_keyring is None and not path.exists():
        raise NotFound(
            f"there is no keyring to verify with: no {path}",
            "name that of the device with --keyring, or make it with `fota keys export`",
        )
    return read_keyring(path)


def _kms_signer(key: "SigningKey") -> "Signer":
    from fota_operator.cloud import connect
    from fota_operator.trust.kms import KmsSigner

    return KmsSigner(connect(), key)
