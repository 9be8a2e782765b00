"""What the commands that sign, and those that verify, have in common: where keys and keyrings are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.errors import NotFound

if TYPE_CHECKING:
    from fota.keyring import Keyring
    from fota_operator.trust.keys import SigningKey
    from fota_operator.trust.signing import Signer

DEFAULT_KEYS = Path("fota-keys")

Keys = Annotated[Path, typer.Option("--keys", metavar="DIR", envvar="FOTA_KEYS", help="The folder of keys.")]
KeyringFile = Annotated[
    Path | None,
    typer.Option(
        "--keyring", metavar="FILE", help="The keyring of the device. [default: keyring.json in the folder of keys]"
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Holds the passphrase, in one line. [default: FOTA_PASSPHRASE, else it is asked for]",
    ),
]
Sign = Annotated[
    list[str], typer.Option("--sign", metavar="NAME", help="A key to sign with; again for another, up to 8.")
]


def open_signers(keys: Path, names: Sequence[str], passphrase_file: Path | None) -> "tuple[Signer, ...]":
    """Whoever shall sign. AWS is needed only for keys of KMS. *Raises* OperatorError."""
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
