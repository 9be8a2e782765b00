"""The boards of the library as `check_board` wants them: devices that can be reset, damaged, refused and cut."""

import errno
import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fota import _storage_cpython, _storage_names_cpython, boot, image
from fota.boards import Board
from fota.boards.boot_loader import BootLoaderRecords
from fota.boards.esp32 import OtaBootLoader
from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.errors import StorageFailed
from fota.journal import Journal
from fota.record import RecordStore
from fota.slots import files as slot_files
from fota.slots.partition import PartitionSlots
from fota_testing.board_contract import Rig
from fota_testing.flash.cells import PowerCut
from fota_testing.flash.esp32 import Esp32, FlashCell, firmware
from fota_testing.flash.model import SECTOR_BYTES, TORN_SHAPES
from fota_testing.posix.changes import FOLDER, Change
from fota_testing.posix.disk import Disk
from fota_testing.posix.model import PosixModel
from fota_testing.releases import releases_in_memory

HOME = "/home"
CAPACITY_BYTES = 4_096
MODULES = (_storage_cpython, _storage_names_cpython, slot_files)
"""What keeps state in files."""


class Medium(PosixModel):
    """A disk that may refuse every change."""

    refuses = False

    def _change(self, change: Change, function: str, path: str) -> None:
        if self.refuses:
            raise OSError(errno.EROFS, "Read-only file system", path)
        super()._change(change, function, path)


class Machine:
    """What stands for `os`: the disk that is switched on now."""

    medium = Medium()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.medium, name)

    def open_text(self, path: str, mode: str = "r") -> "io.StringIO | io.BytesIO":
        return self.medium.open_text(path, mode)


MACHINE = Machine()


class FilesRig(Rig):
    """The board in files. To be used while `MACHINE` is installed in `MODULES`."""

    def __init__(self) -> None:
        self._turn = 0
        self._refuses = False
        self._left = _factory_disk(self.image(0))
        MACHINE.medium = Medium(self._left)

    def image(self, seed: int) -> bytes:
        return bytes([seed + 1]) * 900

    def reset(self) -> "tuple[Any, int]":
        before = MACHINE.medium
        if not before._is_off:
            self._left = before.disk.after_cut("kept")
        MACHINE.medium = Medium(self._left)
        MACHINE.medium.refuses = self._refuses
        if before.cut_at is not None and not before._is_off:
            MACHINE.medium.cut_at = before.cut_at - before.operations
        home = self.open()
        return home, self.choose(home)

    def open(self) -> Any:
        return FilesBoard(HOME)

    def choose(self, home: Any) -> int:
        def proves(slot: int) -> bool:
            return bool(image.proves_itself(home.slots, slot, memoryview(bytearray(1024))))

        return boot.choose(home.records, home.slots.count, proves)

    def damage(self, slot: int) -> None:
        self._spoil(f"{HOME}/slot-{slot}.img", 100)

    def lose_copy(self, number: int) -> None:
        self._spoil(f"{HOME}/record-{number}", 0)

    def refuse(self, is_refusing: bool) -> None:
        self._refuses = MACHINE.medium.refuses = is_refusing

    def cut(self, operation: int, act: Callable[[], object]) -> bool:
        MACHINE.medium.cut_at = MACHINE.medium.operations + operation
        try:
            act()
        except PowerCut:
            disk = MACHINE.medium.disk
            self._turn += operation
            self._left = disk.after_cut(disk.shapes()[self._turn % len(disk.shapes())])
            MACHINE.medium._is_off = True
            return True
        MACHINE.medium.cut_at = None
        return False

    def _spoil(self, path: str, place: int) -> None:
        disk = MACHINE.medium.disk.after_cut("kept")
        content = bytearray(disk.contents[disk.names[path]])
        content[place] ^= 1
        MACHINE.medium = Medium(Disk(disk.names, {**disk.contents, disk.names[path]: bytes(content)}))


@lru_cache(maxsize=1)
def _factory_disk(content: bytes) -> Disk:
    MACHINE.medium = Medium(Disk({HOME.rsplit("/", 1)[0] or "/": FOLDER}, {}))
    factory = _Factory(content)
    provision(HOME, factory, image_size_bytes=len(content), slot_count=2, slot_size_bytes=CAPACITY_BYTES)
    return MACHINE.medium.disk.after_cut("kept")


class _Factory:
    def __init__(self, content: bytes) -> None:
        self._rest = content

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def close(self) -> None:
        pass


class RefusingCell(FlashCell):
    """A cell whose flash may refuse every write."""

    refuses = False

    def write(self, content: bytes) -> None:
        if RefusingCell.refuses:
            raise StorageFailed("the flash refuses")
        super().write(content)


class Esp32Rig(Rig):
    """An ESP32 in memory, whose boot loader owns the trial: a start that left no trace is made again."""

    max_starts = 2
    RECORD, JOURNAL = 2, 3
    shape = "half"

    def __init__(self) -> None:
        self.board = Esp32(app_blocks=2, data_blocks=8)
        self.board.put(0, self.image(0))
        RefusingCell.refuses = False

    def image(self, seed: int) -> bytes:
        return firmware(bytes([seed + 1]) * 900)

    def reset(self) -> "tuple[Any, int]":
        self.board.boot()
        loader = OtaBootLoader(self.board.Partition)
        slots = PartitionSlots(loader.devices, self.cells)
        records = self.records(slots, loader)
        records.reconcile()
        journal = Journal(*self.cells(self.JOURNAL))
        return Board(slots, records, journal, releases_in_memory(slots)), records.running_slot

    def records(self, slots: PartitionSlots, loader: OtaBootLoader) -> Any:
        return BootLoaderRecords(RecordStore(*self.cells(self.RECORD)), slots, loader)

    def cells(self, index: int) -> Any:
        first = self.board.table[-1][2] + 2 * index
        return RefusingCell(self.board.flash, first), RefusingCell(self.board.flash, first + 1)

    def damage(self, slot: int) -> None:
        self.board.flash._content[self.board.table[slot][2] * SECTOR_BYTES + 100] ^= 1

    def lose_copy(self, number: int) -> None:
        self.board.flash._content[(self.board.table[-1][2] + 2 * self.RECORD + number) * SECTOR_BYTES] ^= 1

    def refuse(self, is_refusing: bool) -> None:
        RefusingCell.refuses = is_refusing

    def cut(self, operation: int, act: Callable[[], object]) -> bool:
        self.board.flash.cut_at(operation, self.shape)
        try:
            act()
        except PowerCut:
            return True
        finally:
            self.board.flash.restore()
        return False


ESP32_RIGS = [type(f"Esp32Rig-{shape}", (Esp32Rig,), {"shape": shape}) for shape in TORN_SHAPES]
"""One for each way in which an operation is torn."""
