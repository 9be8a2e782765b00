"""Files on littlefs, on the interpreter of the microcontrollers: a power cut at every operation."""

import pytest

from tests.labs.interpreter import device
from tests.labs.interpreter import only_where_it_runs as pytestmark
from tests.labs.littlefs_lab import on_flash

__all__ = ("device", "pytestmark")

_CUTS = """
from fota import image
from fota.durable import CELL_BYTES, DurableValue
from fota.boards.provisioning import create_slots
from fota.slots.files import FileSlots
from fota_testing.flash.cells import PowerCut
from fota_testing.flash.model import TORN_SHAPES

vfs.umount("/flash")


def copied(base):
    flash = FlashModel(blocks, block_bytes)
    flash.program(0, base)
    return MemoryBlockDevice(flash)


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
    device = MemoryBlockDevice(FlashModel(blocks, block_bytes))
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
from fota_testing.memory_slots import measured

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


@pytest.mark.slow
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
