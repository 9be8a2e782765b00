"""The journal: what it keeps of an update, and what it never believes whatever its CRC says."""

import json

import pytest

from fota import journal
from fota.durable import CELL_BYTES, DurableValue
from fota.image import Digests
from fota.journal import Entry, Journal
from fota.proven import Proven
from fota_testing.cells import MemoryCell, PowerCut

WANTED = Digests(1000, b"m" * 16, b"s" * 32)
ENTRY = Entry("job-1", 1, WANTED)


def kept(*entries):
    cells = (MemoryCell(), MemoryCell())
    made = Journal(*cells)
    for entry in entries:
        made.save(entry)
    return made, cells


def seen(entry):
    """All that an entry says, to be compared."""
    if entry is None:
        return None
    wanted = entry.wanted
    told = (entry.job_id, entry.execution, entry.stage, entry.reason, entry.message)
    return (*told, wanted.size_bytes, wanted.md5, wanted.sha256)


def altered(**fields):
    """The entry's bytes with some fields replaced; those that are None are left out."""
    content = {**json.loads(journal.encode(ENTRY)), **fields}
    return json.dumps({name: value for name, value in content.items() if value is not None}).encode()


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        Entry("j", 0, Digests(0, bytes(16), None)),
        Entry("x" * 64, 2**40, WANTED),
        ENTRY.at(journal.INSTALLED),
        ENTRY.at(journal.FAILED, "hash-mismatch", "MD5: expected 00, got \u00e9\n"),
    ],
)
def test_an_entry_is_loaded_as_it_was_saved(entry):
    assert seen(kept(entry)[0].load()) == seen(entry)


def test_a_stage_goes_on_with_the_same_job_and_image():
    assert seen(ENTRY.at(journal.INSTALLED)) == ("job-1", 1, "installed", "", "", 1000, b"m" * 16, b"s" * 32)


def test_an_empty_journal_holds_nothing():
    assert kept()[0].load() is None


def test_a_journal_that_was_cleared_holds_nothing():
    made, _ = kept(ENTRY)
    made.clear()
    assert made.load() is None


def test_clearing_an_empty_journal_writes_nothing():
    made, cells = kept()
    made.clear()
    assert [cell.writes for cell in cells] == [0, 0]


def test_clearing_twice_writes_once():
    made, cells = kept(ENTRY)
    made.clear()
    made.clear()
    assert sum(cell.writes for cell in cells) == 2


@pytest.mark.parametrize(
    "message", ["x" * 5000, "\u00e9" * 5000, "\U0001f600" * 5000, "\x00" * 5000, "\udc80" * 5000]
)
def test_the_longest_message_still_fits_into_a_cell(message):
    made, _ = kept(Entry("x" * 64, 2**62, WANTED).at(journal.FAILED, "hash-mismatch", message))
    found = made.load()
    assert found is not None
    assert message.startswith(found.message[:100])
    assert len(found.message) >= 100


def test_an_entry_torn_at_any_byte_leaves_the_old_one_or_the_new_one():
    new = ENTRY.at(journal.INSTALLED)
    frame_bytes = 18 + len(journal.encode(new))
    for cut_bytes in range(frame_bytes + 1):
        made, cells = kept(ENTRY)
        cells[1].cut_after(cut_bytes)
        with pytest.raises(PowerCut):
            made.save(new)
        assert seen(made.load()) == seen(new if cut_bytes == frame_bytes else ENTRY), cut_bytes


ABSURD = {
    "not JSON": b"{",
    "not UTF-8": b'{"job": "\xff"}',
    "nested too deep": b"[" * 4000,
    "a number of thousands of digits": b"9" * 4000,
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"text"',
    "null": b"null",
    "an empty object": b"{}",
    **{
        f"no {name}": altered(**{name: None})
        for name in json.loads(journal.encode(ENTRY))
        if name not in ("format", "bad")
    },
    "job: a number": altered(job=1),
    "job: empty": altered(job=""),
    "job: too long": altered(job="x" * 65),
    "execution: negative": altered(execution=-1),
    "execution: text": altered(execution="1"),
    "execution: true": altered(execution=True),
    "execution: fraction": altered(execution=1.0),
    "size: negative": altered(size=-1),
    "size: true": altered(size=True),
    "size: text": altered(size="1000"),
    "md5: too short": altered(md5="00" * 15),
    "md5: too long": altered(md5="00" * 17),
    "md5: no digits": altered(md5="zz" * 16),
    "md5: a list": altered(md5=[0] * 16),
    "sha256: too short": altered(sha256="00" * 31),
    "sha256: a number": altered(sha256=0),
    "stage: unknown": altered(stage="dreaming"),
    "stage: a list": altered(stage=["claimed"]),
    "reason: a number": altered(reason=5),
    "message: an object": altered(message={}),
}


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_entry_is_none_whatever_its_crc_says(name):
    cells = (MemoryCell(), MemoryCell())
    DurableValue(b"FJNL", *cells).save(ABSURD[name])
    made = Journal(*cells)
    assert made.load() is None
    made.save(ENTRY)
    assert seen(made.load()) == seen(ENTRY)


def test_fields_of_a_later_format_are_ignored():
    assert seen(journal.decode(altered(format=9, colour="blue"))) == seen(ENTRY)


def test_a_copy_fits_a_block():
    assert len(journal.encode(Entry("x" * 64, 2**62, WANTED))) + 18 < CELL_BYTES


# How far a download is proven.

PROVEN = Proven(700, crc32=0xDEADBEEF, etag='"e-1"', received_bytes=900, spent_ms=12_345)


def proven_of(entry):
    proven = entry.proven
    return (proven.offset_bytes, proven.crc32, proven.etag, proven.received_bytes, proven.spent_ms)


def test_what_is_proven_is_loaded_as_it_was_saved():
    found = kept(ENTRY.with_proven(PROVEN))[0].load()
    assert seen(found) == seen(ENTRY)
    assert proven_of(found) == proven_of(Entry("job-1", 1, WANTED, proven=PROVEN))


def test_nothing_is_proven_of_an_update_that_has_just_begun():
    assert proven_of(kept(ENTRY)[0].load()) == (0, 0, "", 0, 0)


def test_how_often_a_job_was_taken_up_is_counted_and_what_is_proven_stays():
    entry = kept(ENTRY.with_proven(PROVEN))[0].load()
    for _ in range(3):
        entry = kept(entry.taken_up_again())[0].load()
    assert (ENTRY.taken_up, entry.taken_up) == (1, 4)
    assert proven_of(entry) == proven_of(ENTRY.with_proven(PROVEN))


def test_starting_over_forgets_the_bytes_and_not_what_they_cost():
    anew = PROVEN.from_the_start()
    assert proven_of(ENTRY.with_proven(anew)) == (0, 0, "", 900, 12_345)


@pytest.mark.parametrize(
    ("job", "execution", "wanted", "is_it"),
    [
        ("job-1", 1, WANTED, True),
        ("job-1", 1, Digests(1000, b"m" * 16, None), True),
        ("job-2", 1, WANTED, False),
        ("job-1", 2, WANTED, False),
        ("job-1", 1, Digests(1001, b"m" * 16, b"s" * 32), False),
        ("job-1", 1, Digests(1000, b"n" * 16, b"s" * 32), False),
        ("job-1", 1, Digests(1000, b"m" * 16, b"t" * 32), False),
    ],
)
def test_an_entry_is_of_one_execution_and_one_image(job, execution, wanted, is_it):
    assert ENTRY.is_of(job, execution, wanted) is is_it


ABSURD_PROOFS = {
    "taken up: negative": altered(taken_up=-1),
    "taken up: true": altered(taken_up=True),
    "taken up: text": altered(taken_up="1"),
    "proven: a number": altered(proven=7),
    "proven: too short": altered(proven=[1, 2, 3]),
    "proven: too long": altered(proven=[1, 2, 3, 4, 5]),
    "proven: negative offset": altered(proven=[-1, 0, 0, 0]),
    "proven: offset is true": altered(proven=[True, 0, 0, 0]),
    "proven: a fraction": altered(proven=[1, 0, 0.5, 0]),
    "proven: text": altered(proven=["1", 0, 0, 0]),
    "proven: negative time": altered(proven=[1, 0, 0, -5]),
    "etag: a number": altered(etag=5),
    "etag: a list": altered(etag=["x"]),
}


@pytest.mark.parametrize("name", ABSURD_PROOFS)
def test_an_absurd_proof_is_no_entry(name):
    assert journal.decode(ABSURD_PROOFS[name]) is None


# Images that are known to be bad.


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
    made.save(ENTRY.with_proven(PROVEN))
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
    proven = Proven(2**31, crc32=2**32 - 1, etag=letter * 5000, received_bytes=2**40, spent_ms=2**40)
    entry = Entry("x" * 64, 2**62, Digests(2**31 - 1, b"m" * 16, b"s" * 32), taken_up=2**31, proven=proven)
    largest = entry.at(journal.FAILED, "untrusted-server", letter * 5000)
    made, _ = with_bad(*range(8))
    made.save(largest)
    assert seen(made.load())[:3] == ("x" * 64, 2**62, "failed")
    assert known(made, 8) == list(range(8))
