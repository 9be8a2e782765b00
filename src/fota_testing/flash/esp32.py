"""An ESP32 in memory: its flash, the class `esp32.Partition`, and the boot loader of ESP-IDF behind it.

It is published for porters and runs on both interpreters. It is stricter than the chip: a call that destroys data
there, or confirms an image by mistake, is Misuse here, or FlashMisuse. Errors carry the numbers of MicroPython.

    board = Esp32()
    board.put(0, firmware(b"the first"))
    board.boot()                        # which slot runs; the program may use board.Partition now
    board.flash.cut_at(3, "half")       # the third operation from here is torn, and PowerCut is raised
    ...
    board.flash.restore()
    board.boot()

It was written after esp32_partition.c of MicroPython 1.26.
"""

from fota.durable import CELL_BYTES
from fota.errors import StorageFailed
from fota_testing.flash.esp_boot import (
    FLASH_OP_FAIL,
    INVALID_ARG,
    INVALID_SIZE,
    OTADATA_SECTORS,
    EspBootLoader,
    NothingBoots,
    esp_error,
    firmware,
)
from fota_testing.flash.model import ERASED, SECTOR_BYTES, FlashModel
from fota_testing.misuse import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.boards.esp32 import Partitions

__all__ = ("Esp32", "FlashCell", "NothingBoots", "Reset", "firmware")

_APP, _DATA = 0, 1
_OTA_0, _FAT, _ANY = 0x10, 0x81, 0xFF
_ENOENT, _EINVAL = 2, 22
_COUNT, _BLOCK_BYTES, _ERASE = 4, 5, 6


class Reset(BaseException):
    """The chip was reset: the program does not run on."""


class Esp32:
    """One board. The power fails where `flash.cut_at` says."""

    def __init__(self, *, slots: int = 2, app_blocks: int = 4, data_blocks: int = 16, guards: bool = True) -> None:
        """`guards`: its boot loader was built with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE, as MicroPython's is.

        `data_blocks`: the size of a partition `data`, for anything that a test keeps there.
        """
        self.flash: FlashModel = FlashModel(OTADATA_SECTORS + slots * app_blocks + data_blocks)
        self.table: list[tuple[int, int, int, int, str]] = [
            (_APP, _OTA_0 + slot, OTADATA_SECTORS + slot * app_blocks, app_blocks, f"ota_{slot}")
            for slot in range(slots)
        ]
        """Type, subtype, first block, blocks and label of each partition."""
        self.table.append((_DATA, _FAT, OTADATA_SECTORS + slots * app_blocks, data_blocks, "data"))
        self.loader: EspBootLoader = EspBootLoader(self.flash, slots, self.content, guards=guards)
        self.Partition: Partitions = _partition_class(self)

    def boot(self) -> int:
        """Reset, or switch on; returns the slot that the boot loader starts. *Raises* NothingBoots, PowerCut."""
        return self.loader.boot()

    def reset(self) -> None:
        """`machine.reset`, to be given to `fota.device.Device`. *Raises* Reset."""
        raise Reset

    def put(self, slot: int, content: bytes) -> None:
        """Arrange a slot as esptool writes it."""
        first = self.table[slot][2]
        for block in range(-(-len(content) // SECTOR_BYTES)):
            self.flash.erase(first + block)
        self.flash.program(first * SECTOR_BYTES, content)

    def content(self, slot: int) -> bytes:
        """All that a slot holds, image or not."""
        _, _, first, blocks, _ = self.table[slot]
        return self.flash.read(first * SECTOR_BYTES, blocks * SECTOR_BYTES)

    def cells(self, index: int) -> "tuple[FlashCell, FlashCell]":
        """The two blocks of the partition `data` that begin there, for a value that is kept in two copies."""
        first = self.table[-1][2] + 2 * index
        return FlashCell(self.flash, first), FlashCell(self.flash, first + 1)


class FlashCell:
    """A cell on one block: erased, programmed, read back. Meets `fota.durable.Cell`, and is torn like the flash.

    It is weaker than a file on littlefs, which keeps its old content until the new one is complete.
    """

    size_bytes = CELL_BYTES

    def __init__(self, flash: FlashModel, block: int) -> None:
        self._flash = flash
        self._block = block

    def read(self) -> bytes:
        """All of the block."""
        return self._flash.read(self._block * SECTOR_BYTES, SECTOR_BYTES)

    def is_made(self) -> bool:
        """True: a block is always there."""
        return True

    def write(self, content: bytes) -> None:
        """Replace its beginning. *Raises* StorageFailed, PowerCut."""
        self._flash.erase(self._block)
        if self.read() != bytes([ERASED]) * SECTOR_BYTES:
            raise StorageFailed("the block is not erased")
        self._flash.program(self._block * SECTOR_BYTES, content)
        if self.read()[: len(content)] != content:
            raise StorageFailed("what was written does not read back")


class _Partition:
    """`esp32.Partition`, see https://docs.micropython.org/en/latest/library/esp32.html#esp32.Partition."""

    board: Esp32

    BOOT, RUNNING = 0, 1
    TYPE_APP, TYPE_DATA = _APP, _DATA

    def __init__(self, which: "int | str", block_size: int = SECTOR_BYTES) -> None:
        if block_size != SECTOR_BYTES:
            raise Misuse("block_size: below 4096 bytes a write erases, and writes, what is beside it too")
        board = self.board
        if which == self.RUNNING and board.loader.running_slot is None:
            raise Misuse("nothing runs: boot the board first")
        if which == self.BOOT:
            row = board.table[board.loader.next_slot()]
        elif which == self.RUNNING:
            row = board.table[board.loader.running_slot or 0]
        elif isinstance(which, str):
            rows = [row for row in board.table if row[4] == which]
            if not rows:
                raise OSError(_ENOENT)
            row = rows[0]
        else:
            raise ValueError(which)
        self._kind, self._subtype, self._first, self._blocks, self._label = row

    @classmethod
    def find(
        cls,
        type: int = _APP,  # noqa: A002 - the name that the real class gives it
        subtype: int = _ANY,
        label: "str | None" = None,
        block_size: int = SECTOR_BYTES,
    ) -> "list[_Partition]":
        """All partitions that fit."""
        rows = [row for row in cls.board.table if row[0] == type and subtype in (_ANY, row[1])]
        return [cls(row[4], block_size) for row in rows if label in (None, row[4])]

    def info(self) -> "tuple[int, int, int, int, str, bool]":
        """Type, subtype, address, size, label, encrypted."""
        size_bytes = self._blocks * SECTOR_BYTES
        return self._kind, self._subtype, self._first * SECTOR_BYTES, size_bytes, self._label, False

    def readblocks(self, block: int, buffer: "memoryview", offset: int = 0) -> None:
        """Fill the buffer."""
        place = self._place(block, offset, len(buffer))
        buffer[:] = self.board.flash.read(place, len(buffer))

    def writeblocks(self, block: int, content: "memoryview", offset: "int | None" = None) -> None:
        """Program; without an offset, erase before."""
        place = self._place(block, offset or 0, len(content))
        self._require_writable()
        if offset is None:
            if len(content) % SECTOR_BYTES:
                raise esp_error(INVALID_SIZE)
            for erased in range(len(content) // SECTOR_BYTES):
                self.board.flash.erase(self._first + block + erased)
        self.board.flash.program(place, bytes(content))

    def ioctl(self, command: int, argument: int) -> "int | None":
        """The block device interface."""
        if command == _ERASE:
            self._place(argument, 0, SECTOR_BYTES)
            self._require_writable()
            self.board.flash.erase(self._first + argument)
        return {_COUNT: self._blocks, _BLOCK_BYTES: SECTOR_BYTES}.get(command, 0 if command <= _ERASE else None)

    def set_boot(self) -> None:
        """Start this partition next, as new."""
        if self._kind != _APP:
            raise esp_error(INVALID_ARG)
        self.board.loader.start_next(self._subtype - _OTA_0)

    def get_next_update(self) -> "_Partition":
        """The OTA partition after this one."""
        slots = len(self.board.table) - 1
        after = self._subtype - _OTA_0 + 1 if self._kind == _APP else 0
        return type(self)(self.board.table[after % slots][4])

    @classmethod
    def mark_app_valid_cancel_rollback(cls) -> None:
        """Mark the running image as good."""
        cls.board.loader.mark_valid()

    def _place(self, block: int, offset: int, size_bytes: int) -> int:
        place = block * SECTOR_BYTES + offset
        if not 0 <= place <= self._blocks * SECTOR_BYTES:
            raise esp_error(INVALID_ARG)
        if place + size_bytes > self._blocks * SECTOR_BYTES:
            raise esp_error(INVALID_SIZE)
        return self._first * SECTOR_BYTES + place

    def _require_writable(self) -> None:
        if self._kind == _APP and self._subtype - _OTA_0 == self.board.loader.running_slot:
            raise Misuse(f"{self._label} runs, and is written to")
        if self.board.loader.refuses:
            raise esp_error(FLASH_OP_FAIL)


def _partition_class(of: Esp32) -> "Partitions":
    """A class for this one board, since the real class knows one chip only."""

    class BoardPartition(_Partition):
        """See above."""

        board = of

    return BoardPartition
