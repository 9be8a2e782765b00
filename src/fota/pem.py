"""DER out of PEM, RFC 7468: for a TLS that takes DER alone, as MicroPython's does.

What the DER is, and whether anybody trusts it, is left to TLS.
"""

import binascii


def to_der(text: bytes, label: bytes) -> "list[bytes]":
    """The DER of each block of that label, such as `b"CERTIFICATE"`, in order; none if there is none.

    What stands between the blocks is commentary. *Raises* ValueError for a block that does not end, is encrypted or
    is not base64; the message holds nothing of it.
    """
    begin, end = b"-----BEGIN " + label + b"-----", b"-----END " + label + b"-----"
    blocks: "list[bytes]" = []
    stop = 0
    while True:
        start = text.find(begin, stop)
        if start < 0:
            return blocks
        start += len(begin)
        stop = text.find(end, start)
        if stop < 0:
            raise ValueError("a PEM block has a beginning and no end")
        blocks.append(_decoded(text[start:stop]))


def _decoded(lines: bytes) -> bytes:
    encoded = b"".join(lines.split())
    try:
        der = binascii.a2b_base64(encoded)
    except ValueError:
        der = b""
    # What is not base64, as the headers of an encrypted key, may have been skipped: only what reads back is whole.
    if not der or binascii.b2a_base64(der).strip() != encoded:
        raise ValueError("a PEM block is encrypted, or is not base64")
    return der
