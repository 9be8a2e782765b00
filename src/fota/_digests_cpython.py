"""What `fota.digests` can do on CPython alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib


def beginning_of(running: "hashlib._Hash") -> int:
    """The first 32 bits of the digest of the bytes so far; the hash goes on."""
    return int.from_bytes(running.copy().digest()[:4], "big")
