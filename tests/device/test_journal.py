"""The journal: what it keeps of an update, and what it never believes whatever its CRC says."""

import json

import pytest

from fota import journal
from fota.digests import Digests
from fota.durable import CELL_BYTES, DurableValue
from fota.journal import Entry, Journal
from fota_testing.flash.cells import MemoryCell, PowerCut
from tests.labs.journal_entries import ENTRY, PROVEN, WANTED, altered, kept, seen


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


def proven_of(entry):
    proven = entry.checkpoint
    return (proven.offset_bytes, proven.check32, proven.etag, proven.received_bytes, proven.spent_ms)


def test_what_is_proven_is_loaded_as_it_was_saved():
    found = kept(ENTRY.with_checkpoint(PROVEN))[0].load()
    assert seen(found) == seen(ENTRY)
    assert proven_of(found) == proven_of(Entry("job-1", 1, WANTED, checkpoint=PROVEN))


def test_nothing_is_proven_of_an_update_that_has_just_begun():
    assert proven_of(kept(ENTRY)[0].load()) == (0, 0, "", 0, 0)


def test_how_often_a_job_was_taken_up_is_counted_and_what_is_proven_stays():
    entry = kept(ENTRY.with_checkpoint(PROVEN))[0].load()
    for _ in range(3):
        entry = kept(entry.taken_up_again())[0].load()
    assert (ENTRY.taken_up, entry.taken_up) == (1, 4)
    assert proven_of(entry) == proven_of(ENTRY.with_checkpoint(PROVEN))


def test_starting_over_forgets_the_bytes_and_not_what_they_cost():
    anew = PROVEN.from_the_start()
    assert proven_of(ENTRY.with_checkpoint(anew)) == (0, 0, "", 900, 12_345)


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
