"""Where a passphrase comes from: a file, the environment, or whoever sits at the terminal. Never an argument."""

import os
import sys
from getpass import getpass
from pathlib import Path

from fota_operator.errors import BadInput, KeyUnusable

VARIABLE = "FOTA_PASSPHRASE"


def new_passphrase(name: str, file: Path | None) -> bytes | None:
    """For a new key; None if nobody gave one. Asked for twice on a terminal. *Raises* BadInput, NotFound."""
    given = _given(file)
    if given is not None or not sys.stdin.isatty():
        return given
    first = getpass(f"Passphrase for {name}, or nothing for none: ")
    if first and getpass("The same again: ") != first:
        raise BadInput("the passphrases differ", "run this again")
    return first.encode() or None


def known_passphrase(name: str, file: Path | None) -> bytes:
    """Of a key that is encrypted. *Raises* BadInput, NotFound; KeyUnusable where there is nobody to ask."""
    given = _given(file)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise KeyUnusable(f"the key {name} is encrypted", f"give --passphrase-file, or set {VARIABLE}")
    return getpass(f"Passphrase for {name}: ").encode()


def _given(file: Path | None) -> bytes | None:
    if file is not None:
        return _first_line(file)
    # Its bytes as they are: what is no text is a passphrase, too.
    passphrase = os.environb.get(VARIABLE.encode())
    if passphrase == b"":
        # As when a secret that is not there was passed on: nobody wants a key without protection then.
        raise BadInput(f"{VARIABLE} is empty", "set it to the passphrase, or unset it")
    return passphrase


def _first_line(file: Path) -> bytes:
    from fota_operator.files import read_bounded
    from fota_operator.trust.keys import MOST_PASSPHRASE_BYTES

    lines = read_bounded(file, MOST_PASSPHRASE_BYTES + 2, "name a file that holds the passphrase").splitlines()
    if len(lines) != 1 or not lines[0]:
        empty = ", which is empty" if lines == [b""] else ""
        raise BadInput(f"{file}: expected one line, got {len(lines)}{empty}", "put the passphrase there, in one line")
    return lines[0]
