"""The first bytes of a patch: which image it starts from, which one it makes, and how its records are compressed.

The format is described in docs/reference/patch-format.md. Pure: knows no storage.
"""

import struct

from fota.errors import PatchFailed

MAGIC = b"FPAT"
FORMAT = 1
_LAYOUT = ">4sBBxxQ32sQ32s"
HEAD_BYTES = 88
MIN_WINDOW_BITS = 9
MAX_WINDOW_BITS = 15
MAX_NUMBER_BITS = 63
"""Of a number in the records: more than any size needs."""
NOTHING = b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
"""The SHA-256 that a patch names which starts from nothing, and so is a compressed image."""


class PatchHead:
    """What a patch promises. Nothing of it is trusted: the digests that a release signed decide."""

    def __init__(
        self, window_bits: int, old_bytes: int, old_sha256: bytes, new_bytes: int, new_sha256: bytes
    ) -> None:
        self.window_bits = window_bits
        """The window of the raw deflate stream has 2 to the power of this many bytes."""
        self.old_bytes = old_bytes
        self.old_sha256 = old_sha256
        """`NOTHING` if it starts from nothing."""
        self.new_bytes = new_bytes
        self.new_sha256 = new_sha256

    @property
    def starts_from_nothing(self) -> bool:
        """Whether no old image is needed."""
        return self.old_sha256 == NOTHING

    def encode(self) -> bytes:
        """The head as the first 88 bytes of a patch."""
        return struct.pack(
            _LAYOUT,
            MAGIC,
            FORMAT,
            self.window_bits,
            self.old_bytes,
            self.old_sha256,
            self.new_bytes,
            self.new_sha256,
        )


def decode(content: "bytes | memoryview") -> PatchHead:
    """The head that these 88 bytes encode. *Raises* PatchFailed with the field that is wrong."""
    if len(content) != HEAD_BYTES:
        raise PatchFailed(f"head: expected {HEAD_BYTES} bytes, got {len(content)}")
    if bytes(content[6:8]) != b"\0\0":
        raise PatchFailed("head: expected zeros in bytes 6 and 7")
    magic, version, window_bits, old_bytes, old_sha256, new_bytes, new_sha256 = struct.unpack(_LAYOUT, content)
    if magic != MAGIC:
        raise PatchFailed(f"magic: expected {MAGIC!r}, got {magic!r}")
    if version != FORMAT:
        raise PatchFailed(f"format: expected {FORMAT}, got {version}")
    if not MIN_WINDOW_BITS <= window_bits <= MAX_WINDOW_BITS:
        raise PatchFailed(f"window: expected {MIN_WINDOW_BITS} to {MAX_WINDOW_BITS} bits, got {window_bits}")
    if not new_bytes:
        raise PatchFailed("new size: expected at least 1 byte, got 0")
    if (old_sha256 == NOTHING) != (not old_bytes):
        raise PatchFailed(f"old size: got {old_bytes} bytes with the SHA-256 {old_sha256.hex()}")
    return PatchHead(window_bits, old_bytes, old_sha256, new_bytes, new_sha256)
