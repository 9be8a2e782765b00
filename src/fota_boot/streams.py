"""Opens the standard streams that are missing when a command starts. CPython only."""

import os
import sys


def open_streams() -> None:
    """Open the null device for each of stdin, stdout and stderr that is closed; children inherit it.

    Else the next file that is opened gets that number, and output for stdout is written into the file.
    """
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        os.set_inheritable(descriptor, True)
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)
    # Python has None for a stream that was closed when Python started.
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
