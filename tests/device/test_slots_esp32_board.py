"""The board in memory is a board: its `otadata`, its errors, its boot loader; and what it does not let pass."""

import binascii
import struct
import subprocess
import sys

import pytest

from fota_testing.flash.cells import PowerCut
from fota_testing.flash.esp32 import Esp32, FlashCell, NothingBoots, Reset, firmware
from fota_testing.flash.esp_boot import ABORTED, NEW, PENDING_VERIFY, VALID, is_firmware
from fota_testing.flash.model import SECTOR_BYTES, TORN_SHAPES, FlashMisuse
from fota_testing.misuse import Misuse
from tests.labs.docs_pages import blocks, read

FIRST, SECOND = firmware(b"first"), firmware(b"the second")
BOOT_APP0 = bytes.fromhex("01000000" + "ff" * 20)
"""How the otadata of a chip begins that esptool has flashed with boot_app0.bin; its CRC is 9a984347."""


@pytest.fixture
def board():
    made = Esp32()
    made.put(0, FIRST)
    made.put(1, SECOND)
    made.boot()
    return made


def part(board, label):
    return board.Partition(label)


def test_otadata_is_as_the_boot_loader_of_a_chip_writes_it(board):
    assert board.flash.read(0, 32) == BOOT_APP0 + struct.pack("<I", VALID) + bytes.fromhex("9a984347")
    assert board.flash.read(SECTOR_BYTES, 32) == b"\xff" * 32
    part(board, "ota_1").set_boot()
    assert board.flash.read(SECTOR_BYTES, 4) == b"\x02\x00\x00\x00"
    assert board.flash.read(SECTOR_BYTES + 24, 8) == struct.pack("<I", NEW) + bytes.fromhex("7437f655")


def test_an_image_is_what_esptool_makes():
    assert is_firmware(FIRST)
    assert len(FIRST) % 16 == 0
    assert FIRST[0] == 0xE9
    assert FIRST[23] == 1, "the flag that says that a SHA-256 follows"
    for place in range(len(FIRST)):
        if place not in range(2, 24):
            assert not is_firmware(FIRST[:place] + bytes([FIRST[place] ^ 1]) + FIRST[place + 1 :])
    assert not any(is_firmware(FIRST[:end]) for end in range(len(FIRST)))
    assert is_firmware(FIRST + b"\xff" * 100)


def test_a_new_image_is_started_once(board):
    part(board, "ota_1").set_boot()
    assert board.loader.states() == {0: VALID, 1: NEW}
    assert [board.boot(), board.loader.states()[1]] == [1, PENDING_VERIFY]
    assert [board.boot(), board.loader.states()[1]] == [0, ABORTED]
    assert board.boot() == 0


def test_a_new_image_that_is_marked_valid_is_started_again(board):
    part(board, "ota_1").set_boot()
    board.boot()
    board.Partition.mark_app_valid_cancel_rollback()
    assert [board.boot(), board.boot(), board.loader.states()[1]] == [1, 1, VALID]


def test_without_the_rollback_a_new_image_is_started_for_ever():
    board = Esp32(guards=False)
    board.put(0, FIRST)
    board.put(1, SECOND)
    board.boot()
    part(board, "ota_1").set_boot()
    assert [board.boot() for _ in range(3)] == [1, 1, 1]


def test_a_damaged_image_is_passed_over(board):
    part(board, "ota_1").set_boot()
    board.put(1, b"damaged")
    assert board.boot() == 0
    assert board.Partition(board.Partition.BOOT).info()[4] == "ota_1"
    assert board.Partition(board.Partition.RUNNING).info()[4] == "ota_0"


def test_a_board_without_an_image_is_a_brick():
    with pytest.raises(NothingBoots):
        Esp32().boot()


def test_three_slots_take_turns():
    board = Esp32(slots=3)
    for slot in range(3):
        board.put(slot, FIRST)
    board.boot()
    for slot in (2, 0, 1, 2, 1):
        part(board, f"ota_{slot}").set_boot()
        assert board.boot() == slot
        board.Partition.mark_app_valid_cancel_rollback()
        assert board.boot() == slot


def test_the_partition_to_update_next_is_the_one_after(board):
    running = board.Partition(board.Partition.RUNNING)
    assert running.get_next_update().info()[4] == "ota_1"
    assert running.get_next_update().get_next_update().info()[4] == "ota_0"
    assert part(board, "data").get_next_update().info()[4] == "ota_0"


def test_partitions_are_found_by_type_subtype_and_label(board):
    find, kind = board.Partition.find, board.Partition
    assert [found.info()[4] for found in find()] == ["ota_0", "ota_1"]
    assert [found.info()[4] for found in find(kind.TYPE_APP, subtype=0x11)] == ["ota_1"]
    assert [found.info()[4] for found in find(kind.TYPE_DATA, label="data")] == ["data"]
    assert find(kind.TYPE_DATA, label="ota_0") == []


def test_a_partition_says_where_it_is(board):
    assert part(board, "ota_1").info() == (0, 0x11, 6 * SECTOR_BYTES, 4 * SECTOR_BYTES, "ota_1", False)
    assert [part(board, "ota_1").ioctl(command, 0) for command in (1, 2, 3, 4, 5, 7)] == [0, 0, 0, 4, 4096, None]


def failing(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.args
    raise AssertionError("an OSError was due")


def test_errors_are_those_of_a_chip(board):
    spare, block = part(board, "ota_1"), bytearray(SECTOR_BYTES)
    assert failing(part, board, "nowhere")[0] == 2
    assert failing(spare.readblocks, 5, block) == (-258, "ESP_ERR_INVALID_ARG")
    assert failing(spare.readblocks, 4, block) == (-260, "ESP_ERR_INVALID_SIZE")
    assert failing(spare.readblocks, 3, block, 1) == (-260, "ESP_ERR_INVALID_SIZE")
    assert failing(spare.ioctl, 6, 4) == (-260, "ESP_ERR_INVALID_SIZE")
    assert failing(spare.writeblocks, 0, b"less than a block") == (-260, "ESP_ERR_INVALID_SIZE")
    assert failing(part(board, "data").set_boot) == (-258, "ESP_ERR_INVALID_ARG")
    board.put(1, b"damaged")
    assert failing(spare.set_boot) == (-5379, "ESP_ERR_OTA_VALIDATE_FAILED")
    board.loader.refuses = True
    assert failing(spare.ioctl, 6, 0) == (-24577, "ESP_ERR_FLASH_OP_FAIL")
    assert failing(spare.writeblocks, 0, b"1", 0) == (-24577, "ESP_ERR_FLASH_OP_FAIL")


def test_nothing_can_be_marked_valid_while_the_boot_loader_knows_nothing():
    board = Esp32()
    board.put(0, FIRST)
    board.boot()
    board.flash.erase(0)
    assert failing(board.Partition.mark_app_valid_cancel_rollback) == (-1, "ESP_FAIL")


def test_a_write_without_an_offset_erases_before(board):
    spare = part(board, "ota_1")
    spare.writeblocks(0, b"x" * SECTOR_BYTES)
    assert board.content(1)[:SECTOR_BYTES] == b"x" * SECTOR_BYTES


def test_a_write_with_an_offset_needs_erased_cells(board):
    spare = part(board, "ota_1")
    with pytest.raises(FlashMisuse, match="not erased"):
        spare.writeblocks(0, b"x", 0)
    spare.ioctl(6, 0)
    spare.writeblocks(0, b"x", 5)
    content = bytearray(2)
    spare.readblocks(0, content, 4)
    assert content == b"\xffx"


def test_what_runs_is_never_written_to(board):
    running = part(board, "ota_0")
    for misuse in (lambda: running.ioctl(6, 3), lambda: running.writeblocks(3, b"x", 0)):
        with pytest.raises(Misuse, match="ota_0 runs"):
            misuse()


def test_an_image_that_does_not_run_is_never_marked_valid(board):
    part(board, "ota_1").set_boot()
    with pytest.raises(Misuse, match="slot 1 would be marked valid"):
        board.Partition.mark_app_valid_cancel_rollback()


def test_smaller_blocks_and_partitions_of_a_board_that_is_off_are_misuse(board):
    with pytest.raises(Misuse, match="block_size"):
        board.Partition("ota_1", 512)
    with pytest.raises(Misuse, match="boot the board"):
        Esp32().Partition(1)
    with pytest.raises(ValueError, match="7"):
        board.Partition(7)


def test_a_reset_ends_the_program(board):
    with pytest.raises(Reset):
        board.reset()


@pytest.mark.parametrize("shape", TORN_SHAPES)
@pytest.mark.parametrize("operation", [1, 2])
def test_an_entry_that_is_torn_is_the_one_before_or_the_one_after(board, operation, shape):
    board.flash.cut_at(operation, shape)
    with pytest.raises(PowerCut):
        part(board, "ota_1").set_boot()
    board.flash.restore()
    assert board.boot() == (1 if (operation, shape) == (2, "all") else 0)


def test_a_cell_on_a_block_is_torn_like_the_flash(board):
    cell, other = board.cells(0)
    assert isinstance(cell, FlashCell)
    cell.write(b"before")
    other.write(b"beside")
    board.flash.cut_at(2, "half")
    with pytest.raises(PowerCut):
        cell.write(b"after!")
    board.flash.restore()
    assert cell.read()[:6] == b"aft\xff\xff\xff"
    assert other.read()[:6] == b"beside"


def test_the_crc_of_an_entry_covers_its_number_alone():
    assert binascii.crc32(struct.pack("<I", 1), 0xFFFFFFFF) == 0x4743989A


def test_the_check_of_the_how_to_runs_as_it_stands_there():
    (block,) = (one for one in blocks(read("docs/how-to/port-a-board.md")) if "check_slots(" in one.content)
    done = subprocess.run([sys.executable, "-c", block.content], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["clause 5", "clause 8"]


def test_the_check_of_a_board_in_the_how_to_runs_as_it_is_there():
    (block,) = (one for one in blocks(read("docs/how-to/port-a-board.md")) if "check_board(" in one.content)
    done = subprocess.run([sys.executable, "-c", block.content], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "clause 4",
        "clauses 3 and 7",
        "clauses 7 and 11",
    ]
