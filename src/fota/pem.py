"""DER out of PEM, RFC 7468: for a TLS that takes DER alone, as MicroPython's does.

What the DER is, and whether anybody trusts it, is left to TLS.
"""

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def to_der(lines: "Iterable[bytes]", label: bytes) -> "Iterator[bytes]":
    """The DER of each block of that label, such as `b"CERTIFICATE"`, in order; none if there is none.

    `lines` may be an open file: one block at a time is held. What stands between the blocks is commentary.
    *Raises* ValueError for a block that does not end, is encrypted or is not base64; the message holds nothing of it.
    """
    begin, end = b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
    encoded: "bytearray | None" = None
    for ended_line in lines:
        line = ended_line.strip()
        if encoded is None:
            if line == begin:
                encoded = bytearray()
        elif line == end:
            yield _decoded(encoded)
            encoded = None
        else:
            encoded.extend(line)
    if encoded is not None:
        raise ValueError("a PEM block has a beginning and no end")


def _decoded(encoded: bytearray) -> bytes:
    try:
        der = binascii.a2b_base64(encoded)
    except ValueError:
        der = b""
    # What is not base64, as the headers of an encrypted key, may have been skipped: only what reads back is whole.
    if not der or binascii.b2a_base64(der) != encoded + b"\n":
        raise ValueError("a PEM block is encrypted, or is not base64")
    return der
