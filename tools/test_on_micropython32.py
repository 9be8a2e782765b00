"""Runs a whole update on a MicroPython of 32 bits, and ends with one line of JSON.

passed, failed            tests; a test that was not run counts as neither
smallest_heap_kib         in which a whole update passes, with the bundle of the library in ROM
smallest_heap_kib_files   the same with the bundle in files
stack_bytes               the most that importing takes of the C stack, with paths as long as those of a board
cuts, violations          power cuts on littlefs, and what was found broken afterwards

Leaves to others: getting that interpreter (`micropython32`), and what is checked (the tests).
"""

import json
import os
import sys

import pytest
from micropython32 import Unavailable, installed
from test_on_micropython import ROOT, Tally

PATHS = (
    "micropython/test_heap.py",
    "micropython/test_stack.py",
    "device/test_storage_cuts_micropython.py",
)


def main() -> int:
    """The command. Exit status: that of pytest; 1 if this machine cannot have the interpreter."""
    try:
        command = installed()
    except Unavailable as error:
        sys.stderr.write(f"MicroPython of 32 bits cannot be had: {error}\n")
        return 1
    os.chdir(ROOT)
    os.environ |= {"FOTA_MICROPYTHON": str(command), "FOTA_MEASURE_HEAP": "1"}
    tally = Tally()
    status = pytest.main(["-rs", *(str(ROOT / "tests" / path) for path in PATHS)], plugins=[tally])
    sys.stdout.write(json.dumps(tally.of_32_bits()) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
