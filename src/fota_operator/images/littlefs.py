"""Packs files into a littlefs2 file system in memory, as a microcontroller mounts it for reading; and reads one.

It has no free block and no times, so the same files give the same bytes.
Leaves to others: which files make an image (`micropython`), and what is read from a file (`image`).
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from littlefs import LFSConfig, LittleFS, LittleFSError, UserContext, lfs

from fota_operator.errors import BadInput

BLOCK_BYTES = 4096
"""The erase size of the flash on nearly every board."""

MAX_INLINE_BYTES = 128
"""A file up to this size needs no block of its own. It is MicroPython's limit: the size of its cache."""

_MAGIC = b"littlefs"
# Block 0 begins with a revision and the tag of the superblock's name, 4 bytes each: littlefs, SPEC.md.
_MAGIC_AT = 8
_UNIT_BYTES = 32
_PAIR_BLOCKS = 2
# The average content of a block: a file of n blocks has at most 2n pointers of 4 bytes.
_MIN_CONTENT_BYTES = BLOCK_BYTES - 8


def is_littlefs(content: bytes) -> bool:
    """Whether these bytes are meant as a littlefs, whole or not."""
    return content[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


def packed(contents: Mapping[str, bytes]) -> bytes:
    """The smallest file system that holds these files, by their paths with `/`.

    *Raises* BadInput for a name that littlefs does not take.
    """
    roomy = _enough_blocks(contents)
    try:
        used = _written(contents, roomy).used_block_count
    except LittleFSError as error:
        raise BadInput(f"littlefs does not take these files: {error}", "shorten their names") from error
    except UnicodeEncodeError as error:
        raise BadInput(f"the name {error.object!r} is no UTF-8", "rename that file") from error
    for blocks in range(used, roomy):
        try:
            return bytes(_written(contents, blocks).context.buffer)
        except LittleFSError:
            # Filling it may need more blocks than it uses in the end. This was never seen, but cannot be ruled out.
            continue
    return bytes(_written(contents, roomy).context.buffer)


def root_files(content: bytes, most_bytes: int) -> dict[str, bytes]:
    """The files in the root folder; of a larger file only its first `most_bytes`.

    *Raises* ValueError if this is not a whole littlefs with such blocks. The content of files has no checksum.
    """
    if len(content) < _PAIR_BLOCKS * BLOCK_BYTES or len(content) % BLOCK_BYTES:
        raise ValueError(f"{len(content)} bytes are no whole number of blocks of {BLOCK_BYTES} bytes")
    system = _system(_MemoryBlocks(bytearray(content)))
    try:
        system.mount()
        return {name: _read(system, name, most_bytes) for name in _names(system)}
    except LittleFSError as error:
        raise ValueError(str(error)) from error


def all_files(content: bytes) -> dict[str, bytes]:
    """The files of a whole file system, in all its folders, by their paths. *Raises* ValueError if it is damaged."""
    system = _system(_MemoryBlocks(bytearray(content)))
    try:
        system.mount()
        # Flash of this size holds no larger file.
        return {
            f"{folder}/{name}".lstrip("/"): _read(system, f"{folder}/{name}", len(content))
            for folder, _, names in system.walk("/")
            for name in names
        }
    except LittleFSError as error:
        raise ValueError(str(error)) from error


class _MemoryBlocks(UserContext):
    """Flash in memory. littlefs stays within its blocks, as long as there are any."""

    def __init__(self, buffer: bytearray) -> None:
        super().__init__(buffer=buffer)

    def read(self, cfg: LFSConfig, block: int, off: int, size: int) -> bytearray:
        start = block * cfg.block_size + off
        return self.buffer[start : start + size]

    def prog(self, cfg: LFSConfig, block: int, off: int, data: bytes) -> int:
        start = block * cfg.block_size + off
        self.buffer[start : start + len(data)] = data
        return 0


def _system(flash: _MemoryBlocks) -> LittleFS:
    return LittleFS(
        flash,
        mount=False,
        block_size=BLOCK_BYTES,
        block_count=len(flash.buffer) // BLOCK_BYTES,
        # These are MicroPython's default values.
        read_size=_UNIT_BYTES,
        prog_size=_UNIT_BYTES,
        lookahead_size=_UNIT_BYTES,
        cache_size=MAX_INLINE_BYTES,
        inline_max=MAX_INLINE_BYTES,
    )


def _written(contents: Mapping[str, bytes], blocks: int) -> LittleFS:
    """The file system, still mounted. *Raises* LittleFSError if there are too few blocks."""
    system = _system(_MemoryBlocks(bytearray(b"\xff" * blocks * BLOCK_BYTES)))
    system.format()
    system.mount()
    for name in sorted(contents):
        system.makedirs(str(PurePosixPath(name).parent), exist_ok=True)
        # `system.open` is not used: on a full disk it closes its file twice, and littlefs then ends the process.
        file = lfs.file_open(system.fs, name, "w")
        try:
            lfs.file_write(system.fs, file, contents[name])
        finally:
            lfs.file_close(system.fs, file)
    return system


def _names(system: LittleFS) -> Iterator[str]:
    return (found.name for found in system.scandir("/") if found.type == found.TYPE_REG)


def _read(system: LittleFS, name: str, most_bytes: int) -> bytes:
    file = lfs.file_open(system.fs, name, "r")
    try:
        return lfs.file_read(system.fs, file, most_bytes)
    finally:
        lfs.file_close(system.fs, file)


def _enough_blocks(contents: Mapping[str, bytes]) -> int:
    """More blocks than will be used: a pair for each folder, and one for each file, as if folders were split."""
    folders = {str(folder) for name in contents for folder in PurePosixPath(name).parents}
    pairs = 1 + len(folders) + len(contents)
    return _PAIR_BLOCKS * pairs + sum(1 + len(content) // _MIN_CONTENT_BYTES for content in contents.values())
