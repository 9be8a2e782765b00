"""A device's certificate and key and the authorities that it trusts, in any form, turned into DER.

It recognises PEM text, PEM bytes, DER bytes and paths of either. The connection checks whether key and
certificate belong together, and TLS whether they are trusted. No message holds what was given, except a
name that can only be a file's.
"""

from aws.iot.errors import BadCredentials
from fota import pem
from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Path(Protocol):
        """Anything that os.fspath takes, such as pathlib.Path."""

        def __fspath__(self) -> str:
            """The path as text."""


_SEQUENCE = b"\x30"
_KEY_LABELS = (b"PRIVATE KEY", b"EC PRIVATE KEY", b"RSA PRIVATE KEY")


class Credentials:
    """A device's certificate and key, and the authorities it trusts.

    `certificates` and `authorities` are lists of DER; `authorities` is None for the system's own.
    `private_key` is DER. *Raises* BadCredentials, which names the argument.
    """

    def __init__(
        self,
        clicert: "str | bytes | Path",
        pkey: "str | bytes | Path",
        cacert: "str | bytes | Path | None" = None,
    ) -> None:
        self.certificates: "list[bytes]" = _certificates("clicert", clicert)
        # The key need not come first: `openssl ecparam -genkey` writes EC PARAMETERS before it.
        self.private_key: "bytes" = _found("pkey", pkey, "a private key without a password", _KEY_LABELS)[0]
        self.authorities: "list[bytes] | None" = None if cacert is None else _certificates("cacert", cacert)


def _certificates(name: str, source: "str | bytes | Path") -> "list[bytes]":
    return _found(name, source, "a certificate", (b"CERTIFICATE",))


def _found(name: str, source: "str | bytes | Path", expected: str, labels: "tuple[bytes, ...]") -> "list[bytes]":
    """The DER of each block with one of the labels; there is at least one."""
    source = source.__fspath__() if hasattr(source, "__fspath__") else source
    content = _content(name, source)
    if isinstance(source, str) and _is_shown(source):
        name = f"{name}: {source}"
    try:
        blocks = list(pem.blocks(content.splitlines()))
    except ValueError as error:
        raise BadCredentials(f"{name}: {error}")
    if not blocks:
        if content[:1] != _SEQUENCE:
            raise BadCredentials(f"{name}: expected PEM or DER, got {len(content)} bytes of something else")
        # TLS finds out what it is.
        blocks = [(labels[0], content)]
    if TYPE_CHECKING or INTERPRETER == "cpython":
        # Where there is room for it, this gives a better error message, and earlier.
        from aws.iot._credentials_cpython import looked_into

        blocks = looked_into(name, blocks)
    found = [der for label, der in blocks if label in labels]
    if not found:
        # The label is shown as `repr` writes it, without `b''`.
        got = ", ".join([repr(label)[2:-1] for label, _ in blocks])
        raise BadCredentials(f"{name}: expected {expected}, got {got}")
    return found


def _is_shown(path: str) -> bool:
    """Only a name with a dot is shown: a key without its PEM frame looks like a path, but has no dot."""
    return "." in path and "\n" not in path


def _content(name: str, source: "str | bytes") -> bytes:
    if isinstance(source, (bytes, bytearray)):
        return bytes(source)
    if not isinstance(source, str):
        raise BadCredentials(f"{name}: expected text, bytes or a path, got {type(source).__name__}")
    if "-----BEGIN " in source:
        return source.encode()
    try:
        with open(source, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        shown = source if _is_shown(source) else f"named by a text of {len(source)} characters"
        # Not the error's own text, which repeats the path. ValueError: a path with a null character.
        raise BadCredentials(f"{name}: cannot read the file {shown}: {error.args[-1]}")
