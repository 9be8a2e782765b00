"""Applies a patch on MicroPython, file to file, as a board does: prints the milliseconds. `OLD PATCH NEW`."""

import gc
import sys
import time

from fota.patch.apply import apply, read_head


class File:
    """A file, read as a device reads a slot."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115, PTH123 (MicroPython has no pathlib)

    def readinto(self, buffer: memoryview) -> int:
        """Fill the beginning of `buffer`; 0 at the end."""
        return self._file.readinto(buffer)

    def seek(self, offset_bytes: int) -> None:
        """Go on reading at that byte."""
        self._file.seek(offset_bytes)


def main(old: str, patch: str, new: str) -> int:
    """Apply it; returns the milliseconds."""
    buffer = memoryview(bytearray(512))
    gc.collect()
    began = time.ticks_ms()  # type: ignore[attr-defined]
    reader = File(patch)
    head = read_head(reader, buffer)  # type: ignore[arg-type]
    with open(new, "wb") as file:  # noqa: PTH123
        apply(head, reader, File(old), file.write, buffer)  # type: ignore[arg-type]
    return int(time.ticks_diff(time.ticks_ms(), began))  # type: ignore[attr-defined]


print(main(*sys.argv[1:4]))
