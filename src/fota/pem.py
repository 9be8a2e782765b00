"""DER out of PEM, RFC 7468: for a TLS that takes DER alone, as MicroPython's does.

What the DER is, and whether anybody trusts it, is left to TLS.
"""

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def blocks(lines: "Iterable[bytes]") -> "Iterator[tuple[bytes, bytes]]":
    """The label, such as `b"CERTIFICATE"`, and the DER of each block, in order; none if there is none.

    `lines` may be an open file: one block at a time is held. What stands between the blocks is commentary.
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
    # What is not base64, as the headers of an encrypted key, may have been skipped: only what reads back is whole.
    if not der or binascii.b2a_base64(der) != encoded + b"\n":
        raise ValueError("a PEM block is encrypted with a password, or is not base64")
    return der
