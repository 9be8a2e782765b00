"""The digests of an image: size, MD5 and SHA-256, computed as its bytes pass and kept in the seal of a slot.

This file reads no slot: `image` checks whether a slot holds the bytes.
"""

import binascii
import hashlib
import struct

from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SEAL_MAGIC = b"SEAL"
"""Marks a durable value as the seal of a slot, in every back-end."""

_COUNTS_CRC = INTERPRETER != "cpython"

_PROOF = "<I16s32s"
_PROOF_BYTES = 52


class Digests:
    """Size, MD5 and SHA-256 of an image. `sha256` is None where only the other two are promised."""

    def __init__(self, size_bytes: int, md5: bytes, sha256: "bytes | None") -> None:
        self.size_bytes = size_bytes
        self.md5 = md5
        self.sha256 = sha256

    def matches(self, other: "Digests") -> bool:
        """Whether both can be digests of the same bytes; what one of them does not give is not compared."""
        return (
            self.size_bytes == other.size_bytes
            and self.md5 == other.md5
            and (self.sha256 is None or other.sha256 is None or self.sha256 == other.sha256)
        )


class Hasher:
    """Computes the digests of bytes as they pass, and a short check of those so far."""

    def __init__(self, counts_crc: bool = _COUNTS_CRC) -> None:
        """`counts_crc`: for bytes whose check an earlier library saved, which took their CRC for it."""
        self.crc32: "int" = 0
        self._counts_crc = counts_crc
        self._size_bytes = 0
        self._md5 = _new_md5()
        self._sha256 = hashlib.sha256()

    def update(self, chunk: "memoryview") -> None:
        """Take the next bytes into account."""
        if self._counts_crc:
            self.crc32 = binascii.crc32(chunk, self.crc32)
        self._size_bytes += len(chunk)
        self._md5.update(chunk)
        self._sha256.update(chunk)

    def check32(self) -> int:
        """32 bits that tell the bytes so far from others: for a checkpoint, and this interpreter alone.

        The beginning of their SHA-256, which costs no pass of its own; on MicroPython, which allows one digest per
        hash, their CRC.
        """
        if _COUNTS_CRC:
            return self.crc32
        from fota._digests_cpython import beginning_of

        return beginning_of(self._sha256)

    def digests(self) -> Digests:
        """The digests of all bytes so far. Ends the hashing: MicroPython allows one digest per hash."""
        return Digests(self._size_bytes, self._md5.digest(), self._sha256.digest())


def _new_md5() -> "hashlib._Hash":
    """MD5, which is the protocol's own checksum; SHA-256 stands beside it."""
    # In FIPS mode, OpenSSL forbids MD5 unless it is said that no security rests on it. MicroPython knows no modes.
    options: "dict[str, Any]" = {"usedforsecurity": False} if INTERPRETER == "cpython" else {}
    return hashlib.md5(**options)  # noqa: S324 - the protocol has it


def encode(digests: Digests) -> bytes:
    """The digests as bytes of fixed length, for a slot's seal. *Raises* ValueError without a SHA-256."""
    if digests.sha256 is None:
        raise ValueError("a seal needs a SHA-256")
    return struct.pack(_PROOF, digests.size_bytes, digests.md5, digests.sha256)


def decode(content: bytes) -> "Digests | None":
    """The digests that the bytes encode; None if the length is wrong."""
    if len(content) != _PROOF_BYTES:
        return None
    size_bytes, md5, sha256 = struct.unpack(_PROOF, content)
    return Digests(size_bytes, md5, sha256)
