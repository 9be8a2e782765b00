"""What a device shows of itself and whom it trusts, in whatever form it was given, as DER.

Recognises PEM text, PEM bytes, DER bytes and paths of either. Leaves to the connection whether key and
certificate belong together, and to TLS whether anybody trusts them. No message holds what was given,
except a name that can only be a file's.
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
        self.certificates = _certificates("clicert", clicert)
        # The key need not come first: `openssl ecparam -genkey` writes EC PARAMETERS before it.
        self.private_key = _found("pkey", pkey, "a private key without a password", _KEY_LABELS)[0]
        self.authorities = None if cacert is None else _certificates("cacert", cacert)


def _certificates(name: str, source: "str | bytes | Path") -> "list[bytes]":
    return _found(name, source, "a certificate", (b"CERTIFICATE",))


def _found(name: str, source: "str | bytes | Path", expected: str, labels: "tuple[bytes, ...]") -> "list[bytes]":
    """The DER of each block with one of the labels; there is one at least."""
    content = _content(name, source)
    try:
        blocks = list(pem.blocks(content.splitlines()))
    except ValueError as error:
        raise BadCredentials(f"{name}: {error}")
    if not blocks:
        if content[:1] != _SEQUENCE:
            raise BadCredentials(f"{name}: expected PEM or DER, got {len(content)} bytes of something else")
        # What it is, TLS finds out.
        blocks = [(labels[0], content)]
    if TYPE_CHECKING or INTERPRETER == "cpython":
        # Or it is told better at once, where there is room for that.
        from aws.iot._credentials_cpython import looked_into

        blocks = looked_into(name, blocks)
    found = [der for label, der in blocks if label in labels]
    if not found:
        # Of a label no more than what `repr` makes of it, without `b''`.
        got = ", ".join([repr(label)[2:-1] for label, _ in blocks])
        raise BadCredentials(f"{name}: expected {expected}, got {got}")
    return found


def _content(name: str, source: "str | bytes | Path") -> bytes:
    if isinstance(source, (bytes, bytearray)):
        return bytes(source)
    if hasattr(source, "__fspath__"):
        source = source.__fspath__()
    if not isinstance(source, str):
        raise BadCredentials(f"{name}: expected text, bytes or a path, got {type(source).__name__}")
    if "-----BEGIN " in source:
        return source.encode()
    try:
        with open(source, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        # Only a name with a dot is shown: a key without its PEM frame, taken for a path, has none.
        shown = source if "." in source and "\n" not in source else f"named by a text of {len(source)} characters"
        # Not the error's own text, which repeats the path. ValueError: a path with a null character.
        raise BadCredentials(f"{name}: cannot read the file {shown}: {error.args[-1]}")
