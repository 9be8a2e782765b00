"""Reads DER from PEM, RFC 7468: for TLS libraries that take only DER, as MicroPython's does.

TLS finds out what the DER is, and whether it is trusted.
"""

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def blocks(lines: "Iterable[bytes]") -> "Iterator[tuple[bytes, bytes]]":
    """The label, such as `b"CERTIFICATE"`, and the DER of each block, in order; an empty list if there is no block.

    `lines` may be an open file: one block at a time is held. Text between the blocks is ignored.
    *Raises* ValueError for a block that does not end, is encrypted or is not base64; the message holds nothing of it.
    """
    label, encoded = b"", bytearray()
    for ended_line in lines:
        line = ended_line.strip()
        if not label:
            if line[:11] == b"-----BEGIN " and line[-5:] == b"-----":
                label, encoded = line[11:-5], bytearray()
        elif line == b"-----END " + label + b"-----":
            yield label, _decoded(encoded)
            label = b""
        else:
            encoded.extend(line)
    if label:
        raise ValueError("a PEM block has a beginning and no end")


def _decoded(encoded: bytearray) -> bytes:
    try:
        der = binascii.a2b_base64(encoded)
    except ValueError:
        der = b""
    # The decoder may skip what is not base64, such as headers of an encrypted key: so encode again and compare.
    if not der or binascii.b2a_base64(der) != encoded + b"\n":
        raise ValueError("a PEM block is encrypted with a password, or is not base64")
    return der
