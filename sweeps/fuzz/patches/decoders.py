"""What the two decoders of deflate, zlib and that of MicroPython, may make differently of one stream.

They are the interpreters' own, and neither is wrong to be patient: the SHA-256 of the image decides. Both are held to
the same outcome, with these exceptions:

- One that notices the damage says so; the other goes on with other bytes, and refuses the patch for another reason.
- zlib refuses a code that is not complete or has no end of a block; MicroPython may make the right bytes with it.
- zlib may reach back further than the window that it was given; MicroPython must refuse that.
"""

from __future__ import annotations

import zlib

from fota.errors import PatchFailed
from fota.patch.head import HEAD_BYTES, decode
from sweeps.fuzz.patches import applied

Verdict = tuple[str, int, str]
"""How a patch ended, the bytes that were written, and what was said."""

_OF_DEFLATE = ("the patch is no deflate stream", "the patch is cut off")
_OF_CODES = (
    "invalid code lengths set", "invalid literal/lengths set", "invalid distances set", "missing end-of-block",
    "too many length or distance symbols",
)  # fmt: skip
"""What zlib says of codes, and MicroPython does not look at."""


def both_refuse(ours: Verdict, theirs: Verdict) -> bool:
    """Whether both refuse a patch, and one of them since its decoder does."""
    is_of_deflate = any(said.startswith(_OF_DEFLATE) for _, _, said in (ours, theirs))
    return is_of_deflate and ours[0] == theirs[0] == applied.REFUSED


def is_lenient(patch: bytes, ours: Verdict, theirs: Verdict) -> bool:
    """Whether one made the right image, and the decoder of the other may refuse the stream."""
    (end, _, said), (end_there, _, said_there) = ours, theirs
    if (end, end_there) == (applied.REFUSED, applied.SEALED):
        return said.startswith(_OF_DEFLATE) and said.endswith(_OF_CODES)
    if (end, end_there) == (applied.SEALED, applied.REFUSED):
        return said_there.startswith(_OF_DEFLATE) and breaks_window(patch)
    return False


def breaks_window(patch: bytes) -> bool:
    """Whether the stream of a patch goes back further than the window that its head says."""
    try:
        head, stream = decode(patch[:HEAD_BYTES]), patch[HEAD_BYTES:]
    except PatchFailed:
        return False
    # Asked for one byte after the other, zlib has its window and no more.
    inflated = zlib.decompressobj(-head.window_bits)
    try:
        while not inflated.eof:
            if not inflated.decompress(stream, 1) and not inflated.unconsumed_tail:
                return False
            stream = inflated.unconsumed_tail
    except zlib.error as error:
        return "too far back" in str(error)
    return False
