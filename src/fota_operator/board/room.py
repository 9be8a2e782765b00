"""How much of a littlefs some files take."""

from collections.abc import Mapping, Sequence

from fota_operator.board.folder import BoardFile

_INLINE_BYTES = 128
"""A file up to this size is stored with its name."""
_BLOCKS_FOR_NAMES = 16
"""For the entries of folders, which are written again with each change."""


def bytes_needed(block_bytes: int, files: Sequence[BoardFile], there: Mapping[str, int]) -> int:
    """How many bytes of flash the files take in whole blocks, without what is `there` of each, by its path."""
    blocks = 0
    for one in files:
        if len(one.content) > _INLINE_BYTES:
            blocks += _blocks(len(one.content), block_bytes) - _blocks(there.get(one.path, 0), block_bytes)
    folders = {one.path.rpartition("/")[0] for one in files}
    return (blocks + 2 * len(folders) + (_BLOCKS_FOR_NAMES if files else 0)) * block_bytes


def _blocks(size_bytes: int, block_bytes: int) -> int:
    return -(-size_bytes // block_bytes)
