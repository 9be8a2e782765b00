"""Durable file writes: all that differs between file systems of the interpreters.

Its other half is `_storage_cpython` or `_storage_micropython`.
"""

from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING or INTERPRETER == "cpython":
    from fota._storage_cpython import (
        FileCell,
        HomeLock,
        SlotReader,
        SlotWriter,
        make_folder,
        write_whole_file,
    )
else:
    from fota._storage_micropython import (
        FileCell,
        HomeLock,
        SlotReader,
        SlotWriter,
        make_folder,
        write_whole_file,
    )

__all__ = ("FileCell", "HomeLock", "SlotReader", "SlotWriter", "make_folder", "write_whole_file")
