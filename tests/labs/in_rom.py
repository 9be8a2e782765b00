"""MicroPython with a file system in ROM: `python in_rom.py IMAGE ARGUMENT...`, the arguments as for `micropython`.

A board maps its flash into the memory; here a file is mapped, for reading alone, outside of MicroPython's heap. The
last argument is the program, which finds the file system mounted at /rom, as boards mount it.

An interpreter that the environment names is a process of its own, and maps the file itself, with its module `ffi`.
"""

import ctypes
import mmap
import os
import sys
from pathlib import Path

_MOUNT = """
import sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/rom")
sys.path.insert(0, "/rom")
"""

_MOUNT_BY_FFI = """
import ffi, os, sys, uctypes, vfs
def _map(path):
    libc = ffi.open(None)
    size = os.stat(path)[6]
    address = libc.func("p", "mmap", "piiiii")(0, size, 1, 2, libc.func("i", "open", "si")(path, 0), 0)
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(address, size)), "/rom")
_map({path!r})
sys.path.insert(0, "/rom")
for _name in ("_map", "ffi", "os", "uctypes", "vfs", "_name"):
    del globals()[_name]
"""


def main() -> int:
    given = os.environ.get("FOTA_MICROPYTHON")
    if given:
        image, *options, program = sys.argv[1:]
        os.execv(given, [given, *options, _MOUNT_BY_FFI.format(path=image) + program])
    # Its module takes the place of the interpreter: nothing of it is wanted where this file is only named.
    from micropython_unix import run_main  # type: ignore[import-untyped]

    path, *options, program = sys.argv[1:]
    address, size = _mapped(path)
    return int(run_main(["micropython", *options, _MOUNT.format(address=address, size=size) + program]))


def _mapped(path: str) -> tuple[int, int]:
    """Where the file lies in memory until this process ends, and how many bytes it has."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_PRIVATE, file.fileno(), 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "cannot map", path)
    return address, size


if __name__ == "__main__":
    sys.exit(main())
