"""The boot record comes back as it was saved; bytes that are none are None; damage never makes another one of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota import record
from fota.record import CAUSES, MAX_SLOTS, Record, RecordStore
from tests.properties.damage import PATTERNS, POSITIONS, burst, cells, mutated

SLOTS = st.integers(0, MAX_SLOTS - 1)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record that makes sense."""
    confirmed = draw(SLOTS)
    trial = draw(st.none() | SLOTS.filter(lambda slot: slot != confirmed))
    boot = confirmed if trial is None else draw(st.sampled_from([confirmed, trial]))
    healthy = draw(st.integers(0, 255))
    fallback = draw(st.none() | SLOTS.filter(lambda slot: slot != confirmed)) if healthy and trial is None else None
    crashes = draw(st.integers(0, 255)) if healthy else 0
    cause = draw(st.sampled_from(CAUSES))
    return Record(confirmed, boot, trial, draw(st.integers(0, 255)), cause, fallback, healthy, crashes)


def full(kept: Record) -> bytes:
    """The record as a format that always has a probation writes it."""
    content = record.encode(kept)
    return bytes([2]) + content[1:] + bytes([255, 0, 0])[len(content) - 6 :]


@given(records())
def test_a_record_comes_back_as_it_was(kept: Record) -> None:
    found = record.decode(record.encode(kept))
    assert found is not None
    assert vars(found) == vars(kept)


@given(records(), st.integers(2, 255), st.binary(max_size=20))
def test_a_record_of_a_later_format_means_the_same(kept: Record, form: int, more: bytes) -> None:
    assert record.decode(bytes([form]) + full(kept)[1:] + more) == kept


@given(records(), st.binary(max_size=20))
def test_a_record_of_the_first_format_has_no_probation(kept: Record, more: bytes) -> None:
    found = record.decode(b"\x01" + record.encode(kept)[1:6] + more)
    assert found is not None
    assert record.encode(found) == b"\x01" + record.encode(kept)[1:6]


@given(records())
def test_code_of_before_reads_the_same_slots_and_the_same_trial(kept: Record) -> None:
    """What it reads is the prefix: a format from 1 on, and any bytes behind."""
    form, confirmed, boot, trial, attempts, cause = record.encode(kept)[:6]
    assert form >= 1
    assert (confirmed, boot, attempts, CAUSES[cause]) == (
        kept.confirmed_slot,
        kept.boot_slot,
        kept.attempts_spent,
        kept.cause,
    )
    assert trial == (255 if kept.trial_slot is None else kept.trial_slot)


@given(records(), st.binary(min_size=3, max_size=3))
def test_a_probation_that_makes_no_sense_leaves_the_rest_of_the_record(kept: Record, tail: bytes) -> None:
    found = record.decode(b"\x02" + record.encode(kept)[1:6] + tail)
    assert found is not None
    assert record.encode(found)[1:6] == record.encode(kept)[1:6]
    assert found.fallback_slot is None or (found.trial_slot is None and found.fallback_slot != found.confirmed_slot)


SMALL_BYTES = st.lists(st.integers(0, 4) | st.just(255), min_size=6, max_size=6).map(bytes)


@given(st.binary(max_size=12) | SMALL_BYTES | records().map(record.encode).flatmap(mutated))
def test_bytes_are_a_record_that_says_just_that_and_makes_sense_or_none(content: bytes) -> None:
    found = record.decode(content)
    if found is not None:
        assert record.encode(found)[1:6] == content[1:6]
        assert record.encode(found)[6:] in (b"", content[6:9])
        assert found.trial_slot != found.confirmed_slot < MAX_SLOTS
        assert found.boot_slot in (found.confirmed_slot, found.trial_slot)
        assert found.trial_slot is None or found.trial_slot < MAX_SLOTS


@pytest.mark.slow
@pytest.mark.slow
@given(records(), records(), POSITIONS, PATTERNS)
def test_of_a_damaged_copy_nothing_is_believed(before: Record, now: Record, position: int, pattern: int) -> None:
    both = cells()
    store = RecordStore(*both)
    store.save(before)
    store.save(now)
    burst(both[1], position, pattern)
    assert store.load() == before
    burst(both[0], position, pattern)
    assert store.load() is None
