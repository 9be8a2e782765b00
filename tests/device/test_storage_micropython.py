"""Files on littlefs, on the interpreter of the microcontrollers: what they promise."""

import pytest

from tests.labs.interpreter import device
from tests.labs.interpreter import only_where_it_runs as pytestmark
from tests.labs.littlefs_lab import on_flash

__all__ = ("device", "pytestmark")


def test_a_cell_holds_what_was_written_last(device):
    script = """
tell(text(cell.read()))
cell.create()
tell(text(cell.read()))
for content in (b"abc", b"z", b"x" * 64):
    cell.write(content)
    tell(text(cell.read()))
"""
    assert on_flash(script, device) == [[""], [""], ["abc"], ["z"], ["x" * 64]]


def test_a_cell_takes_no_more_than_fits_and_reads_no_more(device):
    script = """
cell.write(b"before")
tell(answer(cell.write, bytes(65)), text(cell.read()))
write_whole_file("/flash/cell", b"y" * 100)
tell(text(cell.read()))
"""
    refused = "StorageFailed: /flash/cell: 65 bytes do not fit into 64"
    assert on_flash(script, device) == [[refused, "before"], ["y" * 64]]


def test_whether_a_cell_was_made_is_told_and_what_cannot_be_told_counts_as_made(device):
    script = """
from fota import _storage_micropython as half

class Refuses:
    def stat(self, path):
        raise OSError(5)

tell(cell.is_made())
cell.create()
tell(cell.is_made())
half.os = Refuses()
tell(FileCell("/flash/other", 64).is_made(), answer(SlotReader, "/flash/image"))
"""
    refused = "StorageFailed: /flash/image: error 2"
    assert on_flash(script, device) == [[False], [True], [True, refused]]


def test_what_stands_in_the_place_of_a_cell_is_a_failure_of_the_storage(device):
    script = """
os.mkdir("/flash/cell")
tell(text(cell.read()), answer(cell.write, b"abc"), answer(FileCell("/flash/gone/cell", 64).write, b"abc"))
"""
    assert on_flash(script, device) == [
        ["", "StorageFailed: /flash/cell: error 21", "StorageFailed: /flash/gone/cell: error 2"]
    ]


def test_a_cell_whose_bytes_do_not_read_back_is_not_believed(device):
    script = """
from fota import _storage_micropython as half
write = half._write_file
half._write_file = lambda path, content: write(path, b"abd")
tell(answer(cell.write, b"abc"))
"""
    assert on_flash(script, device) == [["StorageFailed: /flash/cell: what was written does not read back"]]


def test_the_zeros_with_which_a_cell_was_made_elsewhere_take_no_memory(device):
    script = """
cell = FileCell("/flash/cell", 4096)
for content in (b"abc", b"abc" + bytes(1000) + b"d", b""):
    with open("/flash/cell", "wb") as file:
        file.write(content + bytes(4096 - len(content)))
    found = cell.read()
    tell(len(found) - len(content) < 256, found[:len(content)] == content, any(found[len(content):]))
"""
    assert on_flash(script, device) == [[True, True, False]] * 3


def test_a_full_disk_is_told_as_no_space_and_costs_no_other_file(device):
    script = """
write_whole_file("/flash/precious", b"precious")
cell.write(b"before")
writer = SlotWriter("/flash/image", 100_000)
tell(answer(filled, writer, 100))
writer.close()
tell(content("/flash/precious"), text(cell.read()))
"""
    assert on_flash(script, device) == [["NoSpace: /flash/image: error 28"], ["precious", "before"]]


def test_a_new_image_has_the_room_of_the_one_before_it(device):
    """Littlefs keeps the blocks of a file until its successor is on storage: the two together have no room."""
    script = """
for letter in (b"1", b"2"):
    writer = SlotWriter("/flash/image", 40_000)
    filled(writer, 40, letter)
    writer.close()
    writer.close()
tell(os.stat("/flash/image")[6], read("/flash/image", 4096)[-3:])
"""
    assert on_flash(script, device) == [[40_000, "222"]]


def test_an_image_that_is_closed_early_has_only_what_was_written(device):
    script = """
writer = SlotWriter("/flash/image", 100)
writer.write(memoryview(b"abc"))
writer.close()
tell(read("/flash/image"))
"""
    assert on_flash(script, device) == [["abc"]]


def test_a_writer_takes_no_more_than_it_was_made_for(device):
    script = """
writer = SlotWriter("/flash/image", 3)
writer.write(memoryview(b"abc"))
tell(answer(writer.write, memoryview(b"d"))[:13])
writer.close()
tell(read("/flash/image"))
"""
    assert on_flash(script, device) == [["ImageTooLarge"], ["abc"]]


def test_a_writer_forgets_and_goes_on(device):
    script = """
writer = SlotWriter("/flash/image", 6)
writer.write(memoryview(b"abcdef"))
writer.restart()
writer.write(memoryview(b"uvw"))
writer.flush()
tell(content("/flash/image"))
writer.close()
writer = SlotWriter("/flash/image", 6, 2)
writer.write(memoryview(b"WXYZ"))
writer.close()
tell(read("/flash/image"))
"""
    assert on_flash(script, device) == [["uvw"], ["uvWXYZ"]]


def test_an_image_that_is_not_there_reads_as_empty_and_a_folder_in_its_place_is_a_failure(device):
    script = """
tell(read("/flash/image"))
os.mkdir("/flash/image")
tell(answer(SlotReader, "/flash/image"), answer(SlotWriter, "/flash/image", 5))
"""
    assert on_flash(script, device) == [[""], ["StorageFailed: /flash/image: error 21"] * 2]


def test_a_whole_file_replaces_the_one_before_and_leaves_no_other(device):
    script = """
for content_ in (b"first and longer", b"second"):
    write_whole_file("/flash/file", content_)
tell(content("/flash/file"), os.listdir("/flash"))
os.mkdir("/flash/folder")
tell(answer(write_whole_file, "/flash/folder", b"x"))
"""
    assert on_flash(script, device) == [["second", ["file"]], ["StorageFailed: /flash/folder: error 21"]]


def test_a_folder_is_made_with_those_above_it_and_kept_if_it_is_there(device):
    script = """
make_folder("/flash/one/two/")
write_whole_file("/flash/one/two/file", b"kept")
make_folder("/flash/one/two")
tell(content("/flash/one/two/file"))
tell(answer(make_folder, "/flash/one/two/file"), answer(make_folder, "/flash/one/two/file/three"))
"""
    refused = "StorageFailed: /flash/one/two/file: error 17"
    assert on_flash(script, device) == [["kept"], [refused, refused]]


def test_a_lock_that_is_held_is_busy(device):
    script = """
HomeLock("/flash/one/lock").take()
HomeLock("/flash/two/lock").take()
tell(answer(HomeLock("/flash/one/lock").take), HomeLock("/flash/one/lock").descriptor)
"""
    assert on_flash(script, device) == [["Busy: /flash/one/lock: this home folder is in use", -1]]


@pytest.mark.parametrize(("make", "kind"), [("VfsLfs2", "littlefs"), ("VfsLfs1", "littlefs"), ("VfsFat", "fat")])
def test_the_kind_of_a_file_system_is_told_from_the_table_of_what_is_mounted(device, make, kind):
    script = """
os.chdir("/flash")
for path in ("/flash", "/flash/", "/flash/home/none", "home", "/flashy", "/", "/tmp"):
    tell(file_system_kind(path))
"""
    before = f"block_bytes, blocks, make = 512, 64, vfs.{make}\nmounted()"
    assert on_flash(script, device, before) == [[kind]] * 4 + [["posix"]] * 3


def test_a_file_system_that_is_not_known_has_no_kind(device):
    script = """
class Own:
    def mount(self, readonly, mkfs): pass
    def stat(self, path): raise OSError(2)
vfs.mount(Own(), "/own")
tell(file_system_kind("/own/home"))
"""
    assert on_flash(script, device) == [[""]]


_CONTRACT = """
from fota.boards.provisioning import create_slots
from fota.slots.files import FileSlots
from fota_testing.slots_contract import Hooks, check_slots

homes = {}

def make_slots():
    vfs.umount("/flash")
    mounted()
    slots = create_slots("/flash", 2, 9_000)
    return slots

def tear_seal(slots, slot):
    for copy in (0, 1):
        path = "/flash/slot-%d.seal-%d" % (slot, copy)
        with open(path, "rb") as file:
            half = file.read(30)
        with open(path, "wb") as file:
            file.write(half)

hooks = Hooks(
    reopen=lambda slots: FileSlots.open("/flash"),
    tear_seal=tear_seal,
    refuse=lambda slots, slot: os.mkdir("/flash/slot-%d.img" % slot),
)
tell(check_slots(make_slots, hooks))
"""


def test_slots_in_files_on_littlefs_meet_every_clause(device):
    assert on_flash(_CONTRACT, device) == [[[]]]


def test_an_error_that_may_pass_is_no_missing_and_no_damaged_file(device):
    script = """
from fota import _storage_micropython as half

def failing(number):
    def refuse(path, mode):
        raise OSError(number)
    return refuse

cell.create()
for number in (5, 12, 23, 13):
    half.open = failing(number)
    tell(answer(cell.read))
for number in (2, 84):
    half.open = failing(number)
    tell(text(cell.read()))
"""
    unreadable = [[f"StorageFailed: /flash/cell: error {number}"] for number in (5, 12, 23, 13)]
    assert on_flash(script, device) == [*unreadable, [""], [""]]
