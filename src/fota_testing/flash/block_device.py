"""A block device in memory for MicroPython's file systems, which loses power where a test says so.

It is published for porters and runs on both interpreters; `VfsLfs2` and `VfsFat` take it on MicroPython.
`fota_testing.flash.model` says what each operation of the flash beneath it does, and what a torn one leaves.

    device = MemoryBlockDevice(FlashModel(16))
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device), "/flash")
    device.flash.cut_at(3, "half")    # the third operation from here is torn, and PowerCut is raised
    ...
    vfs.mount(vfs.VfsLfs2(device.powered_up()), "/flash")
"""

from fota_testing.flash.model import FlashModel

_SYNC, _COUNT, _SIZE, _ERASE = 3, 4, 5, 6
"""The requests of MicroPython's `ioctl` that do something here; the others are for begin and end."""


class MemoryBlockDevice:
    """Meets `vfs.AbstractBlockDev`, in both its forms."""

    def __init__(self, flash: FlashModel) -> None:
        self.flash = flash
        self._is_given_up = False

    def readblocks(self, block: int, buffer: "bytearray | memoryview", offset: int = 0) -> None:
        """Fill `buffer` from there on."""
        if self._is_given_up:
            return
        buffer[:] = self.flash.read(block * self.flash.sector_bytes + offset, len(buffer))

    def writeblocks(self, block: int, content: "bytes | memoryview", offset: "int | None" = None) -> None:
        """Program erased bytes; without an offset erase whole blocks first, as FAT expects."""
        if self._is_given_up:
            return
        start = block * self.flash.sector_bytes
        if offset is None:
            for place in range(block, block + len(content) // self.flash.sector_bytes):
                self.flash.erase(place)
        self.flash.program(start + (offset or 0), bytes(content))

    def ioctl(self, operation: int, argument: int) -> int:
        """Count, size and erasing of blocks; all else is answered by 0, which means done."""
        if operation == _COUNT:
            return self.flash.size_bytes // self.flash.sector_bytes
        if operation == _SIZE:
            return self.flash.sector_bytes
        if operation == _ERASE and not self._is_given_up:
            self.flash.erase(argument)
        return 0

    def powered_up(self) -> "MemoryBlockDevice":
        """Another device on the same flash, after the power came back.

        It is another device, since file systems and open files from before the cut are still in memory until the
        garbage is collected. What they do then to the old device has no effect and raises nothing.
        """
        self._is_given_up = True
        self.flash.restore()
        return MemoryBlockDevice(self.flash)
