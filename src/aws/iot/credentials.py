"""What a device shows of itself and whom it trusts, in whatever form it was given, as DER.

Recognises PEM text, PEM bytes, DER bytes and paths of either. Leaves to the connection whether key and
certificate belong together, and to TLS whether anybody trusts them. No message holds what was given,
except a name that can only be a file's.
"""

import binascii

from aws.iot.errors import BadCredentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Path(Protocol):
        """Anything that os.fspath takes, such as pathlib.Path."""

        def __fspath__(self) -> str:
            """The path as text."""


_SEQUENCE = 0x30
_INTEGER = 0x02
_OCTET_STRING = 0x04

CERTIFICATE = "CERTIFICATE"
_KEY_LABELS = ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")

# What a DER structure is, by the tags of the first two members of its outer sequence.
_BY_MEMBERS = (
    ((_INTEGER, _SEQUENCE), "PRIVATE KEY"),  # PKCS#8: version, algorithm; RFC 5208
    ((_INTEGER, _OCTET_STRING), "EC PRIVATE KEY"),  # SEC1: version, key; RFC 5915
    ((_INTEGER, _INTEGER), "RSA PRIVATE KEY"),  # PKCS#1: version, modulus; RFC 8017
    ((_SEQUENCE, _OCTET_STRING), "ENCRYPTED PRIVATE KEY"),  # algorithm, ciphertext; RFC 5958
    ((_SEQUENCE, _SEQUENCE), CERTIFICATE),  # body, signature algorithm; RFC 5280
)


class Credentials:
    """A device's certificate and key, and the authorities it trusts.

    `certificates` and `authorities` are lists of DER; `authorities` is None for the system's own.
    `private_key` is DER, `key_label` the PEM label that says of which kind.
    *Raises* BadCredentials, which names the argument.
    """

    def __init__(
        self,
        clicert: "str | bytes | Path",
        pkey: "str | bytes | Path",
        cacert: "str | bytes | Path | None" = None,
    ) -> None:
        self.certificates = _certificates("clicert", clicert)
        self.key_label, self.private_key = _private_key("pkey", pkey)
        self.authorities = None if cacert is None else _certificates("cacert", cacert)


def to_pem(label: str, der: bytes) -> str:
    """DER as PEM text."""
    encoded = binascii.b2a_base64(der).decode().strip()
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    return f"-----BEGIN {label}-----\n" + "\n".join(lines) + f"\n-----END {label}-----\n"


def _certificates(name: str, source: "str | bytes | Path") -> "list[bytes]":
    blocks = _blocks(name, source)
    certificates = [der for label, der in blocks if label == CERTIFICATE]
    if not certificates:
        raise BadCredentials(f"{name}: expected a certificate, got {_labels(blocks)}")
    return certificates


def _private_key(name: str, source: "str | bytes | Path") -> "tuple[str, bytes]":
    # The key need not come first: `openssl ecparam -genkey` writes EC PARAMETERS before it.
    blocks = _blocks(name, source)
    for label, der in blocks:
        if label in _KEY_LABELS:
            return label, der
    raise BadCredentials(f"{name}: expected a private key without a password, got {_labels(blocks)}")


def _labels(blocks: "list[tuple[str, bytes]]") -> str:
    return ", ".join(label for label, _ in blocks)


def _blocks(name: str, source: "str | bytes | Path") -> "list[tuple[str, bytes]]":
    """Every (label, DER) in what was given, of which there is at least one."""
    content = _content(name, source)
    if b"-----BEGIN " in content:
        return _pem_blocks(name, content)
    if content[:1] == bytes([_SEQUENCE]):
        return [(_der_label(name, content), content)]
    raise BadCredentials(f"{name}: expected PEM or DER, got {len(content)} bytes of something else")


def _content(name: str, source: "str | bytes | Path") -> bytes:
    if isinstance(source, (bytes, bytearray)):
        return bytes(source)
    if hasattr(source, "__fspath__"):
        source = source.__fspath__()
    if not isinstance(source, str):
        raise BadCredentials(f"{name}: expected text, bytes or a path, got {type(source).__name__}")
    if "-----BEGIN " in source:
        return source.encode()
    return _file_content(name, source)


def _file_content(name: str, path: str) -> bytes:
    # Only a name with a dot is shown: a key without its PEM frame, taken for a path, has none.
    shown = path if "." in path and "\n" not in path else f"named by a text of {len(path)} characters"
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        # Not the error's own text, which repeats the path. ValueError: a path with a null character.
        problem = getattr(error, "strerror", None) or getattr(error, "errno", "not a path")
        raise BadCredentials(f"{name}: cannot read the file {shown}: {problem}")


def _pem_blocks(name: str, content: bytes) -> "list[tuple[str, bytes]]":
    """The blocks of PEM, RFC 7468; what stands between them is commentary."""
    blocks = []
    label = None
    lines: "list[bytes]" = []
    for raw_line in content.splitlines():
        line = raw_line.strip()
        if line.startswith(b"-----BEGIN ") and line.endswith(b"-----"):
            label, lines = _text(line[11:-5]), []
        elif label is not None and line.startswith(b"-----END "):
            blocks.append((label, _pem_body(name, label, lines)))
            label = None
        elif label is not None:
            lines.append(line)
    if label is not None or not blocks:
        raise BadCredentials(f"{name}: the PEM text has a beginning and no end")
    return blocks


def _pem_body(name: str, label: str, lines: "list[bytes]") -> bytes:
    if any(b":" in line for line in lines):
        raise BadCredentials(f"{name}: expected no password, got an encrypted {label}")
    try:
        der = binascii.a2b_base64(b"".join(lines))
    except ValueError:
        raise BadCredentials(f"{name}: the PEM block {label} is not base64")
    if label in _KEY_LABELS or label == CERTIFICATE:
        _der_label(name, der)
    return der


def _der_label(name: str, der: bytes) -> str:
    """What kind of thing a DER structure is; no more of it is understood than that takes."""
    try:
        tag, start, end = _element(der, 0)
        first_tag, _, first_end = _element(der, start)
        second_tag, _, _ = _element(der, first_end)
    except IndexError:
        raise BadCredentials(f"{name}: the DER of {len(der)} bytes is cut off")
    if tag != _SEQUENCE or end != len(der):
        raise BadCredentials(f"{name}: the DER of {len(der)} bytes is not one sequence of that length")
    for members, label in _BY_MEMBERS:
        if members == (first_tag, second_tag):
            return label
    raise BadCredentials(f"{name}: the DER of {len(der)} bytes is neither a certificate nor a private key")


def _element(der: bytes, offset: int) -> "tuple[int, int, int]":
    """The tag of the element at `offset`, where its content starts, and where it ends."""
    start = offset + 2
    size = der[offset + 1]
    if size >= 0x80:
        start += size - 0x80
        size = int.from_bytes(der[offset + 2 : start], "big")
    if start + size > len(der):
        raise IndexError(offset)
    return der[offset], start, start + size


def _text(label: bytes) -> str:
    # Only what RFC 7468 allows in a label reaches a message.
    return "".join(chr(byte) for byte in label if 0x20 <= byte < 0x7F)
