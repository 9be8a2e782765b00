"""Recognises DER by its outermost structure, before TLS reads it with poorer error messages. Writes DER as PEM.

A microcontroller does not have this file: there TLS finds out.
"""

import base64

from aws.iot.errors import BadCredentials

_SEQUENCE = 0x30
_INTEGER = 0x02
_OCTET_STRING = 0x04

_BY_MEMBERS = {
    (_INTEGER, _SEQUENCE): b"PRIVATE KEY",  # PKCS#8: version, algorithm; RFC 5208
    (_INTEGER, _OCTET_STRING): b"EC PRIVATE KEY",  # SEC1: version, key; RFC 5915
    (_INTEGER, _INTEGER): b"RSA PRIVATE KEY",  # PKCS#1: version, modulus; RFC 8017
    (_SEQUENCE, _OCTET_STRING): b"ENCRYPTED PRIVATE KEY",  # algorithm, ciphertext; RFC 5958
    (_SEQUENCE, _SEQUENCE): b"CERTIFICATE",  # body, signature algorithm; RFC 5280
}
"""The PEM label, by the tags of the first two members of the outer sequence."""


def looked_into(name: str, blocks: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The same blocks with the right labels. *Raises* BadCredentials for a block of unknown structure."""
    known = _BY_MEMBERS.values()
    return [(label_of(name, der) if label in known else label, der) for label, der in blocks]


def label_of(name: str, der: bytes) -> bytes:
    """The PEM label of DER; only its outermost structure is read. *Raises* BadCredentials."""
    try:
        tag, start, end = _element(der, 0)
        first_tag, _, first_end = _element(der, start)
        second_tag, _, _ = _element(der, first_end)
    except IndexError as error:
        raise BadCredentials(f"{name}: the DER of {len(der)} bytes is cut off") from error
    if tag != _SEQUENCE or end != len(der):
        raise BadCredentials(f"{name}: the DER of {len(der)} bytes is not one sequence of that length")
    label = _BY_MEMBERS.get((first_tag, second_tag))
    if label is None:
        raise BadCredentials(f"{name}: the DER of {len(der)} bytes is neither a certificate nor a private key")
    return label


def to_pem(label: bytes, der: bytes) -> bytes:
    """DER as PEM, RFC 7468."""
    encoded = base64.b64encode(der)
    lines = [encoded[start : start + 64] + b"\n" for start in range(0, len(encoded), 64)]
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, b"".join(lines), label)


def _element(der: bytes, offset: int) -> tuple[int, int, int]:
    """The tag of the element at `offset`, where its content starts, and where it ends."""
    start = offset + 2
    size = der[offset + 1]
    if size >= 0x80:
        start += size - 0x80
        size = int.from_bytes(der[offset + 2 : start], "big")
    if start + size > len(der):
        raise IndexError(offset)
    return der[offset], start, start + size
