"""Files on littlefs, on the interpreter of the microcontrollers: what they promise, and every power cut."""

import pytest

from micropython_halves import device, pytestmark, told

__all__ = ["device", "pytestmark"]

_PROMISES = """
import json
import os
import vfs
from fota.errors import FotaError
from fota.storage import FileCell, HomeLock, SlotReader, SlotWriter, make_folder, write_whole_file
from fota._storage_micropython import file_system_kind
from fota_testing.block_device import BlockDevice
from fota_testing.flash_model import FlashModel

block_bytes, blocks, make = 4096, 16, vfs.VfsLfs2


def mounted():
    device = BlockDevice(FlashModel(blocks, block_bytes))
    make.mkfs(device)
    vfs.mount(make(device), "/flash")


def answer(ask, *arguments):
    try:
        return ask(*arguments)
    except FotaError as error:
        return type(error).__name__ + ": " + str(error)


def text(content):
    return str(content, "ascii") if isinstance(content, (bytes, bytearray)) else content


def content(path):
    with open(path, "rb") as file:
        return text(file.read())


def read(path, buffer_bytes=7):
    reader, buffer, came = SlotReader(path), memoryview(bytearray(buffer_bytes)), b""
    count = reader.readinto(buffer)
    while count:
        came += bytes(buffer[:count])
        count = reader.readinto(buffer)
    reader.close()
    reader.close()
    return text(came)


def filled(writer, count, letter=b"x"):
    for _ in range(count):
        writer.write(memoryview(letter * 1000))


def tell(*words):
    print(json.dumps(words))


mounted()
cell = FileCell("/flash/cell", 64)
"""


def on_flash(script, device, before="mounted()"):
    """What a script tells that runs with an empty littlefs in /flash."""
    return told(_PROMISES.replace("\nmounted()\n", f"\n{before}\n") + script, folder=device)


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
from fota.provisioning import create_slots
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


_CUTS = """
from fota import image
from fota.durable import CELL_BYTES, DurableValue
from fota.provisioning import create_slots
from fota.slots.files import FileSlots
from fota_testing.cells import PowerCut
from fota_testing.flash_model import TORN_SHAPES

vfs.umount("/flash")


def copied(base):
    flash = FlashModel(blocks, block_bytes)
    flash.program(0, base)
    return BlockDevice(flash)


def mounted_on(device, run):
    # What `run` answers with the device mounted; "cut" when the power failed in it.
    vfs.mount(make(device), "/flash")
    try:
        return run()
    except PowerCut:
        return "cut"
    finally:
        try:
            vfs.umount("/flash")
        except PowerCut:
            pass


def sweep(arrange, life, judge):
    # Cuts a life at each of its operations in each shape: how many cuts, and what judge says against it.
    device = BlockDevice(FlashModel(blocks, block_bytes))
    make.mkfs(device)
    mounted_on(device, arrange)
    base = device.flash.read(0, device.flash.size_bytes)
    whole = copied(base)
    before = whole.flash.operations
    done = []
    mounted_on(whole, lambda: life(done))
    operations = whole.flash.operations - before
    cuts, violations = 0, []
    for shape in TORN_SHAPES:
        for place in range(1, operations + 1):
            torn = copied(base)
            torn.flash.cut_at(place, shape)
            done = []
            if mounted_on(torn, lambda: life(done)) != "cut":
                violations.append("not cut")
            cuts += 1
            found = torn.powered_up()
            problem = mounted_on(found, lambda: judge(done))
            if problem:
                violations.append("%s %d: %s" % (shape, place, problem))
    tell(cuts, violations[:10])
"""

_VALUES = """
def value():
    return DurableValue(b"TEST", FileCell("/flash/value-0", CELL_BYTES), FileCell("/flash/value-1", CELL_BYTES))

# Some fit beside the name of their file, and some need blocks of their own.
SIZES = (60, 61, 62, 900, 901, 62, 1500, 60, 60, 60, 60, 60)
PAYLOADS = [bytes([65 + place]) * size for place, size in enumerate(SIZES)]

def arrange():
    value().save_in_both(b"first")

def life(done):
    for payload in PAYLOADS:
        value().save(payload)
        done.append(payload)

def judge(done):
    allowed = (([b"first"] + PAYLOADS)[len(done)], ([b"first"] + PAYLOADS + [None])[len(done) + 1])
    loaded = value().load()
    if loaded not in allowed:
        return "loaded %s after %d saves" % (loaded and loaded[:5], len(done))
    value().save(b"after")
    if value().load() != b"after":
        return "saved, and not loaded"

sweep(arrange, life, judge)
"""

_IMAGES = """
from fota_testing.slots import measured

BUFFER = memoryview(bytearray(1024))
OLD, NEW, KEPT = b"o" * 2500, b"n" * 2600, b"k" * 1000

def fill(slots, slot, content, done=None):
    writer = slots.writer(slot, len(content))
    for start in range(0, len(content), 700):
        writer.write(memoryview(content)[start : start + 700])
        writer.flush()
        if done is not None:
            done.append(start + 700)
    writer.close()
    slots.seal(slot, measured(slots, slot, BUFFER))

def arrange():
    slots = create_slots("/flash", 2, 3000)
    fill(slots, 0, KEPT)
    fill(slots, 1, OLD)

def life(done):
    fill(FileSlots.open("/flash"), 1, NEW, done)

def judge(done):
    slots = FileSlots.open("/flash")
    if not image.proves_itself(slots, 0, BUFFER) or read("/flash/slot-0.img", 1024) != text(KEPT):
        return "the other slot is not as it was"
    found = read("/flash/slot-1.img", 1024)
    if slots.seal_of(1) is not None and found not in (text(OLD), text(NEW)):
        return "a seal of what is not there"
    if slots.seal_of(1) is not None and not image.proves_itself(slots, 1, BUFFER):
        return "a seal of something else"
    flushed = min(done[-1], len(NEW)) if done else 0
    if found[:flushed] != text(NEW)[:flushed]:
        return "%d bytes were flushed, and %d are there" % (flushed, len(found))
    fill(slots, 1, NEW)
    if not image.proves_itself(slots, 1, BUFFER):
        return "cannot be filled again"

sweep(arrange, life, judge)
"""

_WHOLE_FILES = """
def arrange():
    write_whole_file("/flash/file", b"a" * 700)

def life(done):
    write_whole_file("/flash/file", b"b" * 800)
    done.append(1)

def judge(done):
    found = content("/flash/file")
    if found != "b" * 800 and (done or found != "a" * 700):
        return found[:20]

sweep(arrange, life, judge)
"""

CHIP, SMALL = (4096, 8), (512, 40)
"""Bytes in a block, and blocks: as on most flash chips, and so small that files need many."""


@pytest.mark.parametrize(
    ("lives", "geometry", "least"),
    [
        (_VALUES, CHIP, 200),
        (_VALUES, SMALL, 300),
        (_IMAGES, SMALL, 300),
        (_WHOLE_FILES, CHIP, 50),
        (_WHOLE_FILES, SMALL, 50),
    ],
    ids=["values", "values, small blocks", "images, small blocks", "whole files", "whole files, small blocks"],
)
def test_a_power_cut_at_any_operation_of_littlefs_leaves_what_was_or_what_comes(device, lives, geometry, least):
    before = f"block_bytes, blocks = {geometry}\nmounted()"
    ((cuts, violations),) = on_flash(_CUTS + lives, device, before)
    print(f"{cuts} cuts, {len(violations)} violations")
    assert violations == []
    assert cuts >= least
