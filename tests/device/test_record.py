"""The boot record: what is kept, and what is never believed whatever its CRC says."""

import itertools
import struct

import pytest

from fota import record as records
from fota.durable import DurableValue
from fota.record import CAUSES, MAX_SLOTS, Record, RecordStore
from fota_testing.flash.cells import MemoryCell, PowerCut


def stored(*saved):
    """A store to which these were saved, and its cells."""
    cells = (MemoryCell(), MemoryCell())
    store = RecordStore(*cells)
    for record in saved:
        store.save(record)
    return store, cells


def holding(*payloads):
    """A store whose copies, whole as to their CRC, hold these payloads, oldest first."""
    cells = (MemoryCell(), MemoryCell())
    for payload in payloads:
        DurableValue(b"FREC", *cells).save(payload)
    return RecordStore(*cells)


def every_record():
    for confirmed, slot in itertools.product(range(MAX_SLOTS), repeat=2):
        yield Record(confirmed)
        if slot != confirmed:
            for attempts, cause in itertools.product((0, 1, 10, 255), CAUSES):
                yield Record(confirmed, boot_slot=slot, trial_slot=slot, attempts_spent=attempts, cause=cause)
                yield Record(confirmed, trial_slot=slot, attempts_spent=attempts, cause=cause)


ABSURD = {
    "empty": b"",
    "cut short": bytes([1, 0, 0, 0xFF, 0]),
    "of no format": bytes([0, 0, 0, 0xFF, 0, 0]),
    "confirms a slot that cannot be": bytes([1, MAX_SLOTS, MAX_SLOTS, 0xFF, 0, 0]),
    "tries a slot that cannot be": bytes([1, 0, 0, MAX_SLOTS, 0, 0]),
    "boots another slot than it confirms or tries": bytes([1, 0, 2, 1, 0, 0]),
    "boots another slot than it confirms, with no trial": bytes([1, 0, 1, 0xFF, 0, 0]),
    "tries the slot to fall back on": bytes([1, 1, 1, 1, 0, 0]),
    "gives an unknown cause": bytes([1, 0, 0, 1, 0, len(CAUSES)]),
    "all ones": b"\xff" * 6,
}


def test_every_record_is_loaded_as_it_was_saved():
    for record in every_record():
        found = records.decode(records.encode(record))
        assert found == record
        assert vars(found) == vars(record)


def test_records_that_differ_in_any_field_are_not_equal():
    different = {tuple(vars(record).values()): record for record in every_record()}
    assert len({records.encode(record) for record in different.values()}) == len(different)
    assert Record(0) != Record(1)
    assert Record(0) != "Record(0)"


def test_attempts_past_the_field_are_kept_as_its_most_and_never_wrap_to_none():
    found = records.decode(records.encode(Record(0, trial_slot=1, attempts_spent=256)))
    assert found is not None
    assert found.attempts_spent == 255


def test_nothing_is_loaded_where_nothing_was_saved():
    assert stored()[0].load() is None


@pytest.mark.parametrize("name", ABSURD)
def test_an_absurd_record_is_none_whatever_its_crc_says(name):
    assert holding(ABSURD[name]).load() is None


@pytest.mark.parametrize("name", ABSURD)
def test_when_the_newer_copy_is_absurd_the_other_serves(name):
    assert holding(records.encode(Record(3)), ABSURD[name]).load() == Record(3)


@pytest.mark.parametrize("name", ABSURD)
def test_a_record_saved_over_an_absurd_copy_counts(name):
    store = holding(records.encode(Record(3)), ABSURD[name])
    store.save(Record(4))
    assert store.load() == Record(4)
    store.save(Record(5))
    assert store.load() == Record(5)


@pytest.mark.parametrize("name", ABSURD)
def test_a_record_saved_over_two_absurd_copies_counts(name):
    store = holding(ABSURD[name], ABSURD[name])
    store.save(Record(4))
    assert store.load() == Record(4)


def test_of_all_six_byte_payloads_only_sane_ones_are_believed():
    edges = (0, 1, 2, 15, 16, 254, 255)
    for fields in itertools.product((0, 1, 2, 255), edges, edges, edges, (0, 255), (0, 5, 6, 255)):
        form, confirmed, boot, trial, _, cause = fields
        known = form >= 1 and confirmed < 16 and cause < len(CAUSES)
        settled = trial == 255 and boot == confirmed
        open_trial = trial < 16 and trial != confirmed and boot in (confirmed, trial)
        found = records.decode(struct.pack("6B", *fields))
        assert (found is not None) == (known and (settled or open_trial)), fields


def test_a_later_and_longer_format_is_read_by_its_prefix():
    later = bytes([2, 0, 1, 1, 3, 0]) + b"what a later version adds"
    assert holding(later).load() == Record(0, boot_slot=1, trial_slot=1, attempts_spent=3)


def test_a_save_torn_at_any_byte_leaves_the_old_record_or_the_new_one():
    old, new = Record(0), Record(0, boot_slot=1, trial_slot=1)
    frame_bytes = 14 + 6 + 4
    for cut_bytes in range(frame_bytes + 1):
        store, cells = stored(Record(2), old)
        for cell in cells:
            cell.cut_after(cut_bytes)
        with pytest.raises(PowerCut):
            store.save(new)
        assert store.load() == (new if cut_bytes == frame_bytes else old), cut_bytes
