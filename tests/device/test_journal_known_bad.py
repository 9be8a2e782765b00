"""The journal's list of images that are known to be bad."""

import json

import pytest

from fota import journal
from fota.digests import Digests
from fota.durable import DurableValue
from fota.journal import Entry, Journal
from fota.transfer.checkpoint import Checkpoint
from fota_testing.flash.cells import MemoryCell
from tests.labs.journal_entries import ENTRY, PROVEN, WANTED, altered, kept, seen


def image_number(number):
    return Digests(1000 + number, bytes([number]) * 16, bytes([number]) * 32)


def known(made, count):
    return [number for number in range(count) if made.knows_bad(image_number(number))]


def with_bad(*numbers):
    made, cells = kept()
    for number in numbers:
        made.clear(bad=image_number(number))
    return made, cells


def test_an_image_is_not_known_to_be_bad_before_it_was():
    assert not kept(ENTRY)[0].knows_bad(WANTED)


def test_an_image_that_was_rolled_back_is_known_and_another_is_not():
    made, _ = with_bad(1)
    assert known(made, 4) == [1]


def test_what_is_known_survives_a_reset():
    _, cells = with_bad(1, 2)
    assert known(Journal(*cells), 4) == [1, 2]


def test_what_is_known_survives_other_updates():
    made, cells = with_bad(1)
    made.save(ENTRY)
    made.save(ENTRY.with_checkpoint(PROVEN))
    made.clear()
    assert known(Journal(*cells), 4) == [1]


def test_the_bad_image_and_the_end_of_its_update_are_one_write():
    made, cells = kept(ENTRY)
    before = sum(cell.writes for cell in cells)
    made.clear(bad=WANTED)
    assert sum(cell.writes for cell in cells) == before + 1
    assert (made.load(), made.knows_bad(WANTED)) == (None, True)


def test_the_newest_eight_are_known():
    made, _ = with_bad(*range(10))
    assert known(made, 10) == list(range(2, 10))


def test_an_image_that_was_rolled_back_again_is_the_newest():
    made, _ = with_bad(*range(8), 0, 8)
    assert known(made, 9) == [0, *range(2, 9)]


def test_an_image_that_is_rolled_back_again_and_again_drives_no_other_out():
    made, _ = with_bad(*range(8), 7, 7, 7)
    assert known(made, 8) == list(range(8))


def test_an_image_is_known_by_its_size_and_md5_alone():
    made, _ = with_bad(1)
    assert made.knows_bad(Digests(1001, bytes([1]) * 16, None))
    assert not made.knows_bad(Digests(1002, bytes([1]) * 16, None))


@pytest.mark.parametrize("bad", [None, 7, "text", {}, [1, None, []], [[]]])
def test_an_absurd_list_of_bad_images_is_an_empty_one(bad):
    cells = (MemoryCell(), MemoryCell())
    DurableValue(b"FJNL", *cells).save(altered(bad=bad))
    made = Journal(*cells)
    assert seen(made.load()) == seen(ENTRY)
    assert not made.knows_bad(WANTED)
    made.clear(bad=WANTED)
    assert made.knows_bad(WANTED)


def test_a_list_with_an_absurd_member_keeps_the_others():
    cells = (MemoryCell(), MemoryCell())
    with_one = json.loads(journal.encode(ENTRY, ["1000-" + "6d" * 16]))
    DurableValue(b"FJNL", *cells).save(json.dumps({**with_one, "bad": [None, *with_one["bad"], 7]}).encode())
    assert Journal(*cells).knows_bad(WANTED)


def test_a_list_of_bad_images_without_an_update_is_no_entry():
    made, _ = with_bad(1)
    assert made.load() is None


@pytest.mark.parametrize("letter", ["x", "\u00e9"], ids=["ASCII", "Latin"])
def test_the_largest_journal_fits_into_a_cell(letter):
    proven = Checkpoint(2**31, check32=2**32 - 1, etag=letter * 5000, received_bytes=2**40, spent_ms=2**40)
    entry = Entry("x" * 64, 2**62, Digests(2**31 - 1, b"m" * 16, b"s" * 32), taken_up=2**31, checkpoint=proven)
    largest = entry.at(journal.FAILED, "untrusted-server", letter * 5000)
    made, _ = with_bad(*range(8))
    for number in range(10, 18):
        made.clear(bad=Digests(2**31 - number, bytes([255, number]) * 8, None), cause="not-confirmed")
    made.save(largest)
    assert seen(made.load())[:3] == ("x" * 64, 2**62, "failed")
    assert known(made, 8) == list(range(8))
