"""Durable file writes: all that differs between file systems of the interpreters.

Its other half is `_storage_cpython`.
"""

from fota._storage_cpython import (
    FileCell,
    HomeLock,
    SlotReader,
    SlotWriter,
    make_folder,
    write_whole_file,
)

__all__ = ("FileCell", "HomeLock", "SlotReader", "SlotWriter", "make_folder", "write_whole_file")
