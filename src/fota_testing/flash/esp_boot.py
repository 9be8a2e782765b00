"""The boot loader of ESP-IDF over flash in memory: how it checks firmware, its `otadata`, and what it starts.

It serves `fota_testing.flash.esp32`, was written after bootloader_utility.c, bootloader_common_loader.c and
esp_ota_ops.c of ESP-IDF 5, and runs on both interpreters. It changes a state by erasing a sector of `otadata` and
writing it, so that each change can be cut; the CRC there covers the sequence number alone.
"""

import binascii
import hashlib
import struct

from fota_testing.flash.model import SECTOR_BYTES, FlashModel
from fota_testing.misuse import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FAIL, INVALID_ARG, INVALID_SIZE, VALIDATE_FAILED, FLASH_OP_FAIL = 1, 0x102, 0x104, 0x1503, 0x6001
_NAMES = {
    FAIL: "ESP_FAIL",
    INVALID_ARG: "ESP_ERR_INVALID_ARG",
    INVALID_SIZE: "ESP_ERR_INVALID_SIZE",
    VALIDATE_FAILED: "ESP_ERR_OTA_VALIDATE_FAILED",
    FLASH_OP_FAIL: "ESP_ERR_FLASH_OP_FAIL",
}

NEW, PENDING_VERIFY, VALID, INVALID, ABORTED = 0, 1, 2, 3, 4
"""ota_state of esp_flash_partitions.h."""

OTADATA_SECTORS = 2
_ENTRY = "<I20sII"
_ENTRY_BYTES = 32
_NO_SEQUENCE = 0xFFFFFFFF
_IMAGE_MAGIC = 0xE9
_HEAD_BYTES = 32
"""The header of an image with one segment: 24 bytes, and 8 for the segment."""


class NothingBoots(AssertionError):
    """The boot loader finds no image that it could start: a brick."""


def esp_error(code: int) -> OSError:
    """The OSError as MicroPython's `check_esp_err` raises it: the number of ESP-IDF, negative, and its name."""
    return OSError(-code, _NAMES[code])


def firmware(body: bytes) -> bytes:
    """An image that the boot loader accepts: header, one segment, checksum, SHA-256, as esptool makes them."""
    body += bytes(-len(body) % 4)
    head = struct.pack("<BBBBI15sB", _IMAGE_MAGIC, 1, 2, 0x20, 0x40080000, bytes(15), 1)
    content = head + struct.pack("<II", 0x3F400000, len(body)) + body
    content += bytes(15 - len(content) % 16) + bytes([_checksum(body)])
    return content + hashlib.sha256(content).digest()


def is_firmware(content: bytes) -> bool:
    """Whether what a partition holds begins with an image that is whole."""
    if len(content) < _HEAD_BYTES or content[0] != _IMAGE_MAGIC or content[1] != 1:
        return False
    (size_bytes,) = struct.unpack("<I", content[28:_HEAD_BYTES])
    end = _HEAD_BYTES + size_bytes
    hashed = end + 16 - end % 16
    if hashed + 32 > len(content) or content[hashed - 1] != _checksum(content[_HEAD_BYTES:end]):
        return False
    return hashlib.sha256(content[:hashed]).digest() == content[hashed : hashed + 32]


def _checksum(body: bytes) -> int:
    value = 0xEF
    for byte in body:
        value ^= byte
    return value


def _crc(sequence: int) -> int:
    # crc32_le(UINT32_MAX, ...) of the chip's ROM, which inverts what it is given to start from.
    return binascii.crc32(struct.pack("<I", sequence), 0xFFFFFFFF)


class _Entry:
    """The content of one sector of otadata."""

    def __init__(self, content: bytes) -> None:
        fields: tuple[int, bytes, int, int] = struct.unpack(_ENTRY, content)
        self.sequence, self.label, self.state, self.crc = fields
        self.is_out = self.sequence == _NO_SEQUENCE or self.state in (INVALID, ABORTED)
        self.is_blank = self.sequence == _NO_SEQUENCE or self.crc != _crc(self.sequence)
        """Whether the sector is empty or torn."""


class EspBootLoader:
    """Decides what starts after a reset, and has the functions of esp_ota_ops that a program calls about it."""

    def __init__(self, flash: FlashModel, slots: int, content_of: "Callable[[int], bytes]", *, guards: bool) -> None:
        """`otadata` is in the first two sectors of the flash. `guards`: see `Esp32`."""
        self.running_slot: int | None = None
        """The slot that was started last; None while nothing runs."""
        self.refuses = False
        """While True, flash answers every erase and program with an error, and changes nothing."""
        self._flash = flash
        self._slots = slots
        self._content_of = content_of
        self._guards = guards

    def boot(self) -> int:
        """The slot that is started after a reset. *Raises* NothingBoots, PowerCut."""
        self.running_slot = None
        for sector, entry in enumerate(self._entries()):
            if self._guards and entry.state == PENDING_VERIFY:
                # The CRC is not checked here, and is written again as it was.
                self._rewrite(sector, entry, ABORTED)
        entries, active = self._entries(), self._active()
        slot = 0 if active is None else self._slot_of(entries[active])
        if self._guards and active is not None and entries[active].state == NEW:
            self._rewrite(active, entries[active], PENDING_VERIFY)
        for candidate in list(range(slot, -1, -1)) + list(range(slot + 1, self._slots)):
            if is_firmware(self._content_of(candidate)):
                if all(entry.is_out and entry.is_blank for entry in entries):
                    self._write(0, candidate + 1, VALID)
                self.running_slot = candidate
                return candidate
        raise NothingBoots("no slot holds a whole image")

    def next_slot(self) -> int:
        """esp_ota_get_boot_partition."""
        active = self._active()
        return 0 if active is None else self._slot_of(self._entries()[active])

    def start_next(self, slot: int) -> None:
        """esp_ota_set_boot_partition, of firmware that was built with the rollback. *Raises* OSError."""
        if not is_firmware(self._content_of(slot)):
            raise esp_error(VALIDATE_FAILED)
        active = self._active()
        if active is None:
            self._write(0, slot + 1, NEW)
            return
        sequence, least = (slot + 1) % self._slots, self._entries()[active].sequence
        while sequence < least:
            sequence += self._slots
        self._write(1 - active, sequence, NEW)

    def mark_valid(self) -> None:
        """esp_ota_mark_app_valid_cancel_rollback: marks what starts next, whatever runs. *Raises* OSError, Misuse."""
        active = self._active()
        if active is None:
            raise esp_error(FAIL)
        if self.next_slot() != self.running_slot:
            raise Misuse(f"slot {self.next_slot()} would be marked valid, and slot {self.running_slot} runs")
        entry = self._entries()[active]
        if entry.state != VALID:
            self._rewrite(active, entry, VALID)

    def states(self) -> "dict[int, int]":
        """The state of each slot in otadata: NEW to ABORTED. If a slot has two entries, the active one counts."""
        entries, active = self._entries(), self._active()
        told = [entry for entry in entries if not entry.is_blank]
        if active is not None:
            told.append(entries[active])
        return {self._slot_of(entry): entry.state for entry in told}

    def _entries(self) -> "list[_Entry]":
        return [_Entry(self._flash.read(sector * SECTOR_BYTES, _ENTRY_BYTES)) for sector in range(OTADATA_SECTORS)]

    def _active(self) -> "int | None":
        """The active sector: the valid one with the higher number; if the numbers are equal, the first."""
        entries = self._entries()
        good = [
            (entries[sector].sequence, -sector)
            for sector in range(OTADATA_SECTORS)
            if not entries[sector].is_out and not entries[sector].is_blank
        ]
        return -max(good)[1] if good else None

    def _slot_of(self, entry: _Entry) -> int:
        return (entry.sequence - 1) % self._slots

    def _write(self, sector: int, sequence: int, state: int) -> None:
        self._rewrite(sector, _Entry(struct.pack(_ENTRY, sequence, b"\xff" * 20, state, _crc(sequence))), state)

    def _rewrite(self, sector: int, entry: _Entry, state: int) -> None:
        if self.refuses:
            raise esp_error(FLASH_OP_FAIL)
        self._flash.erase(sector)
        content = struct.pack(_ENTRY, entry.sequence, entry.label, state, entry.crc)
        self._flash.program(sector * SECTOR_BYTES, content)
