"""Durable file writes: all that differs between the file systems of the two interpreters.

Its other half is `_storage_cpython` or `_storage_micropython`.
"""

from fota.durable import CELL_BYTES
from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING or INTERPRETER == "cpython":
    from fota._storage_cpython import (
        FileCell,
        HomeLock,
        SlotReader,
        SlotWriter,
        write_whole_file,
    )
    from fota._storage_names_cpython import make_folder, remove_file
    from fota.bundle.head_cpython import judged
    from fota.bundle.trees_cpython import forget_tree, make_tree, require_room
else:
    from fota._storage_micropython import (
        FileCell,
        HomeLock,
        SlotReader,
        SlotWriter,
        forget_tree,
        judged,
        make_folder,
        make_tree,
        remove_file,
        require_room,
        write_whole_file,
    )

__all__ = (
    "FileCell",
    "HomeLock",
    "SlotReader",
    "SlotWriter",
    "cell_pair",
    "forget_tree",
    "judged",
    "make_folder",
    "make_tree",
    "remove_file",
    "require_room",
    "write_whole_file",
)


def cell_pair(path: str, size_bytes: int = CELL_BYTES) -> "tuple[FileCell, FileCell]":
    """The two files that a durable value is kept in: `path-0` and `path-1`."""
    return FileCell(path + "-0", size_bytes), FileCell(path + "-1", size_bytes)
