"""Runs on MicroPython at each start of a `serial_board`: mounts its flash, then boot.py and main.py as a port does.

Arguments: the file that is the flash, "raw" or "friendly", sys.platform, the version, the class of its file system.
"""

# mypy: ignore-errors
# It is MicroPython: the checker knows CPython's modules only.
import os
import sys

import vfs

print("~up~")
FLASH, MODE, PLATFORM, VERSION, KIND = sys.argv[1:]
BLOCK_BYTES = 4096
flash = open(FLASH, "r+b")  # noqa: PTH123, SIM115 - MicroPython


class Blocks:
    def readblocks(self, number, buffer, offset=0):
        flash.seek(number * BLOCK_BYTES + offset)
        flash.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        flash.seek(number * BLOCK_BYTES + offset)
        flash.write(buffer)

    def ioctl(self, request, _argument):
        if request == 4:
            return flash.seek(0, 2) // BLOCK_BYTES
        return BLOCK_BYTES if request == 5 else 0


class Machine:
    """What the unix port lacks of `machine`."""

    def reset(self, _os=os):
        _os.system("kill -9 $PPID")

    def soft_reset(self, _sys=sys):
        _sys.exit()


class System:
    """`sys` of another port."""

    platform = PLATFORM
    implementation = sys.implementation

    # What is typed at the REPL may give these names another meaning.
    def __getattr__(self, name, _sys=sys):
        return getattr(_sys, name)


class Implementation:
    name = "micropython"
    version = tuple(int(part) for part in VERSION.split(".")) if VERSION else sys.implementation.version
    _machine = "A board of the tests with " + PLATFORM.upper()
    _mpy = sys.implementation._mpy


def run(path):
    try:
        with open(path) as file:  # noqa: PTH123 - MicroPython
            text = file.read()
    except OSError:
        return
    exec(compile(text, path, "exec"), {"__name__": "__main__"})


blocks = Blocks()
kind = getattr(vfs, KIND)
try:
    system = kind(blocks) if KIND == "VfsLfs2" else None
    if system is None:
        raise OSError
except OSError:
    if KIND == "VfsLfs2":
        kind.mkfs(blocks)
    system = kind(blocks) if KIND == "VfsLfs2" else None
vfs.umount("/")
vfs.mount(system, "/")
sys.path[:] = ["", ".frozen", "/lib"]
sys.modules["machine"] = Machine()
if PLATFORM != "linux":
    sys.modules["network"] = Machine()
if PLATFORM != "linux" or VERSION:
    System.implementation = Implementation()
    sys.modules["sys"] = System()
try:
    run("/boot.py")
    if MODE == "friendly":
        run("/main.py")
except KeyboardInterrupt as error:
    sys.print_exception(error)
except Exception as error:
    sys.print_exception(error)
