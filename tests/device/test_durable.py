"""A small value in two copies: what any damage to either, and a power cut at any byte, leaves of it."""

import random
import struct

import pytest

from fota.durable import CELL_BYTES, DurableValue
from fota.errors import StorageFailed
from fota_testing.flash.cells import MemoryCell, PowerCut

MAGIC = b"TEST"
OLD, NEW = b"the value before", b"the value saved last"
FRAME_BYTES = 14 + len(NEW) + 4


def saved(*payloads):
    """A value to which these were saved, one after the other, and its cells."""
    cells = (MemoryCell(256), MemoryCell(256))
    value = DurableValue(MAGIC, *cells)
    for payload in payloads:
        value.save(payload)
    return value, cells


def of_content(first, second):
    return DurableValue(MAGIC, MemoryCell(256, first), MemoryCell(256, second))


def newest(cells):
    """The cell that holds NEW, then the other."""
    first, second = cells
    return (first, second) if NEW in first.read() else (second, first)


def every_damage(content):
    """Each way to spoil the frame in `content`, with a name."""
    for bit in range(FRAME_BYTES * 8):
        spoilt = bytearray(content)
        spoilt[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit}", bytes(spoilt)
    for length in range(FRAME_BYTES):
        yield f"cut to {length}", content[:length]
        yield f"zeros from {length}", content[:length] + bytes(256 - length)
        yield f"ones from {length}", content[:length] + b"\xff" * (256 - length)
    for seed in range(50):
        yield f"random, seed {seed}", random.Random(seed).randbytes(256)
    yield "of another kind", content.replace(MAGIC, b"JUNK", 1)


def test_nothing_is_loaded_from_cells_that_were_never_saved_to():
    assert saved()[0].load() is None


def test_the_value_saved_last_is_loaded():
    value, _ = saved(OLD, NEW)
    assert value.load() == NEW


def test_a_whole_copy_of_another_kind_is_not_loaded():
    cells = (MemoryCell(256), MemoryCell(256))
    DurableValue(b"JUNK", *cells).save(OLD)
    assert DurableValue(MAGIC, *cells).load() is None


@pytest.mark.parametrize("lost", [0, 1])
def test_the_empty_value_is_saved_in_both_copies_where_there_was_none(lost):
    value, cells = saved()
    value.save_in_both(b"")
    kept = [cell.read() for cell in cells]
    kept[lost] = b""
    assert of_content(*kept).load() == b""


def test_the_empty_value_is_a_value():
    assert saved(OLD, b"")[0].load() == b""


def test_a_long_row_of_saves_alternates_between_the_cells():
    value, cells = saved(*(b"%d" % number for number in range(101)))
    assert value.load() == b"100"
    assert [cell.writes for cell in cells] == [51, 50]


def test_no_damage_to_the_newer_copy_gives_anything_but_the_older_value():
    _, cells = saved(OLD, NEW)
    newer, older = newest(cells)
    for name, content in every_damage(newer.read()):
        assert of_content(content, older.read()).load() == OLD, name


def test_no_damage_to_the_older_copy_is_noticed():
    _, cells = saved(OLD, NEW)
    newer, older = newest(cells)
    for name, content in every_damage(older.read()):
        assert of_content(newer.read(), content).load() == NEW, name


def test_no_damage_to_a_lone_copy_gives_a_value():
    _, cells = saved(NEW)
    for name, content in every_damage(cells[0].read()):
        assert of_content(content, b"").load() is None, name


def test_a_value_can_be_saved_over_any_damage_to_the_newer_copy():
    _, cells = saved(OLD, NEW)
    newer, older = newest(cells)
    for name, content in every_damage(newer.read()):
        value = of_content(content, older.read())
        value.save(b"later")
        assert value.load() == b"later", name


def test_a_value_can_be_saved_after_both_copies_were_lost():
    value = of_content(b"\xff" * 256, bytes(256))
    value.save(NEW)
    assert value.load() == NEW


@pytest.mark.parametrize("erases", [False, True], ids=["in place", "erased first"])
@pytest.mark.parametrize("saves_before", [1, 2, 3])
def test_a_save_torn_at_any_byte_leaves_the_old_value_or_the_new_one(saves_before, erases):
    before = [b"%d" % number for number in range(saves_before - 1)] + [OLD]
    for cut_bytes in range(FRAME_BYTES + 1):
        value, cells = saved(*before)
        for cell in cells:
            cell.cut_after(cut_bytes, erases=erases)
        with pytest.raises(PowerCut):
            value.save(NEW)
        assert value.load() == (NEW if cut_bytes == FRAME_BYTES else OLD), cut_bytes


def test_after_a_torn_save_the_next_one_counts():
    for cut_bytes in range(FRAME_BYTES + 1):
        value, cells = saved(OLD)
        cells[1].cut_after(cut_bytes)
        with pytest.raises(PowerCut):
            value.save(NEW)
        value.save(b"later")
        assert value.load() == b"later", cut_bytes


def test_a_first_save_torn_at_any_byte_leaves_nothing_or_the_value():
    for cut_bytes in range(FRAME_BYTES + 1):
        value, cells = saved()
        cells[0].cut_after(cut_bytes)
        with pytest.raises(PowerCut):
            value.save(NEW)
        assert value.load() == (NEW if cut_bytes == FRAME_BYTES else None), cut_bytes


def test_a_refused_write_leaves_the_old_value():
    value, cells = saved(OLD)
    cells[1].broken = True
    with pytest.raises(StorageFailed):
        value.save(NEW)
    assert value.load() == OLD


def test_a_value_that_does_not_fit_is_refused_and_leaves_the_old_one():
    value, _ = saved(OLD)
    with pytest.raises(StorageFailed):
        value.save(bytes(256))
    assert value.load() == OLD


def test_a_copy_that_cannot_be_read_is_made_good_by_the_next_save():
    value, cells = saved(OLD, NEW)
    cells[1].unreadable = True
    assert value.load() == OLD
    cells[1].unreadable = False
    value.save(b"later")
    assert value.load() == b"later"


def test_a_value_whose_copies_cannot_be_read_now_is_not_lost_and_nothing_is_written_over_it():
    value, cells = saved(OLD, NEW)
    for cell in cells:
        cell.refuses_reads = True
    writes = cells[0].writes + cells[1].writes
    for act in (value.load, lambda: value.save(b"later"), lambda: value.save_in_both(b"later")):
        with pytest.raises(StorageFailed):
            act()
    assert cells[0].writes + cells[1].writes == writes
    for cell in cells:
        cell.refuses_reads = False
    assert value.load() == NEW


@pytest.mark.parametrize("copy", [0, 1])
def test_beside_a_damaged_copy_one_that_cannot_be_read_may_be_the_value(copy):
    value, cells = saved(OLD, NEW)
    cells[copy].refuses_reads = True
    cells[1 - copy].write(b"damage")
    with pytest.raises(StorageFailed):
        value.load()


@pytest.mark.parametrize("copy", [0, 1])
def test_one_copy_that_can_be_read_is_the_value(copy):
    value, cells = saved(OLD, NEW)
    cells[copy].refuses_reads = True
    assert value.load() == (OLD, NEW)[1 - copy]


def test_a_first_write_that_was_torn_and_reads_as_an_error_is_no_value():
    """As on NAND, or on JFFS2: a page that was cut in the middle gives an error for ever, until it is rewritten."""
    value, cells = saved()
    cells[0].refuses_reads = True
    assert value.load() is None


def test_a_cell_is_not_believed_about_a_length_past_its_end():
    frame = struct.pack("<4sQH", MAGIC, 7, 60_000) + b"x" * 20
    assert of_content(frame, b"").load() is None


class Terse(MemoryCell):
    def read(self):
        return super().read().rstrip(b"\0")


def test_a_cell_may_leave_out_the_zeros_at_its_end():
    was_part_of_the_copy = False
    for number in range(1_000):
        cells = (Terse(256), Terse(256))
        DurableValue(MAGIC, *cells).save(payload := str(number).encode())
        was_part_of_the_copy |= len(cells[0].read()) < 14 + len(payload) + 4
        assert DurableValue(MAGIC, *cells).load() == payload
    assert was_part_of_the_copy


def test_a_copy_fills_at_most_one_block():
    assert CELL_BYTES == 4096


@pytest.mark.parametrize("cut_bytes", range(1, 60))
def test_a_torn_write_over_a_torn_write_never_adds_up_to_the_earlier_value(cut_bytes):
    """Both have one sequence number and one length, so that their first bytes agree."""
    whole = (MemoryCell(), MemoryCell())
    for payload in (b"old", b"one"):
        DurableValue(b"TEST", *whole).save(payload)
    torn = (MemoryCell(), MemoryCell())
    torn[0].write(whole[0].read())
    torn[1].write(bytes(4) + whole[1].read()[4:])
    value = DurableValue(b"TEST", *torn)
    assert value.load() == b"old"
    torn[1].cut_after(cut_bytes)
    with pytest.raises(PowerCut):
        value.save(b"two")
    assert value.load() == b"old"
