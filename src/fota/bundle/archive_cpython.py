"""Reads a bundle from its first byte to its last file, and believes nothing that the list does not say.

The list fixes every byte of what follows but the checksums of the zip format, so the archive is read in order, with
little memory, and its directory at the end is for other programs. What differs is a ValueError.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator

from fota.bundle import contents_cpython as contents
from fota.bundle.contents_cpython import Contents, Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.slots import Reader

_HEADER = struct.Struct("<4s5HIIIHH")
_SIGNATURE = b"PK\x03\x04"
_UTF8_NAME = 0x800
_STORED = 0
_CHUNK_BYTES = 1 << 16


class Bundle:
    """A bundle, read once: first its list, then `members`, in order."""

    def __init__(self, reader: "Reader") -> None:
        """*Raises* ValueError for what is no bundle, StorageFailed."""
        self._reader = reader
        size_bytes = self._header(contents.LIST_NAME)
        if size_bytes > contents.MAX_LIST_BYTES:
            raise ValueError(f"list: {size_bytes} bytes, at most {contents.MAX_LIST_BYTES}")
        self.contents: Contents = contents.parse(self._exactly(size_bytes))

    def members(self, take: Callable[[Member, Iterator[bytes]], object]) -> None:
        """Call `take` with each file and its bytes, of which it takes all. *Raises* ValueError, StorageFailed."""
        for member in self.contents.files:
            size_bytes = self._header(member.path)
            if size_bytes != member.size_bytes:
                raise ValueError(f"path {member.path!r}: size: expected {member.size_bytes}, got {size_bytes}")
            sha256 = hashlib.sha256()
            take(member, self._chunks(size_bytes, sha256.update))
            if sha256.hexdigest() != member.sha256:
                raise ValueError(f"path {member.path!r}: SHA-256: expected that of the list, got another")

    def _header(self, name: str) -> int:
        """Read the head of the next file; returns its size."""
        head = _HEADER.unpack(self._exactly(_HEADER.size))
        signature, _, flags, method, *_, packed_bytes, size_bytes, name_bytes, extra_bytes = head
        wanted = (_SIGNATURE, 0, _STORED, size_bytes, len(name.encode()), 0)
        if (signature, flags & ~_UTF8_NAME, method, packed_bytes, name_bytes, extra_bytes) != wanted:
            raise ValueError(f"path {name!r}: expected next, stored, in a zip archive without extra fields")
        if self._exactly(name_bytes) != name.encode():
            raise ValueError(f"path {name!r}: expected next, and another file follows")
        return int(size_bytes)

    def _exactly(self, size_bytes: int) -> bytes:
        return b"".join(self._chunks(size_bytes, lambda _chunk: None))

    def _chunks(self, size_bytes: int, pass_on: Callable[[bytes], object]) -> Iterator[bytes]:
        while size_bytes:
            buffer = memoryview(bytearray(min(size_bytes, _CHUNK_BYTES)))
            count = self._reader.readinto(buffer)
            if not count:
                raise ValueError(f"bundle: ends {size_bytes} bytes too early")
            size_bytes -= count
            chunk = bytes(buffer[:count])
            pass_on(chunk)
            yield chunk
