"""Gets a passphrase from a file, the environment, or the user at the terminal; never from an argument."""

import os
import sys
from getpass import getpass
from pathlib import Path

from fota_operator.errors import BadInput, KeyUnusable

VARIABLE = "FOTA_PASSPHRASE"


def new_passphrase(name: str, file: Path | None) -> bytes | None:
    """The passphrase for a new key; None if none was given. Asks twice on a terminal. *Raises* BadInput, NotFound."""
    given = _given(file)
    if given is not None or not sys.stdin.isatty():
        return given
    first = getpass(f"Passphrase for {name}, or nothing for none: ")
    if first and getpass("The same again: ") != first:
        raise BadInput("the passphrases differ", "run this again")
    return first.encode() or None


def known_passphrase(name: str, file: Path | None) -> bytes:
    """The passphrase of an encrypted key. *Raises* BadInput, NotFound; KeyUnusable if there is nobody to ask."""
    given = _given(file)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise KeyUnusable(f"the key {name} is encrypted", f"give --passphrase-file, or set {VARIABLE}")
    return getpass(f"Passphrase for {name}: ").encode()


def _given(file: Path | None) -> bytes | None:
    if file is not None:
        return _first_line(file)
    # The bytes are taken as they are: a passphrase need not be valid text.
    passphrase = os.environb.get(VARIABLE.encode())
    if passphrase == b"":
        # CI passes an empty text for a secret that does not exist: a key without protection is not what was wanted.
        raise BadInput(f"{VARIABLE} is empty", "set it to the passphrase, or unset it")
    return passphrase


def _first_line(file: Path) -> bytes:
    from fota_operator.files import read_bounded
    from fota_operator.trust.keys import MAX_PASSPHRASE_BYTES

    lines = read_bounded(file, MAX_PASSPHRASE_BYTES + 2, "name a file that holds the passphrase").splitlines()
    if len(lines) != 1 or not lines[0]:
        empty = ", which is empty" if lines == [b""] else ""
        raise BadInput(f"{file}: expected one line, got {len(lines)}{empty}", "put the passphrase there, in one line")
    return lines[0]
