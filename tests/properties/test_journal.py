"""An entry of the journal comes back as it was saved; other bytes are no entry; damage never makes another one."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from fota import journal
from fota.digests import Digests
from fota.journal import CLAIMED, FAILED, INSTALLED, Entry, Journal
from tests.properties.damage import JSON_VALUES, PATTERNS, POSITIONS, burst, cells, mutated
from tests.properties.entries import DIGESTS, ENTRIES, said


@given(ENTRIES)
def test_an_entry_comes_back_as_it_was(kept: Entry) -> None:
    assert said(journal.decode(journal.encode(kept))) == said(kept)


@given(st.lists(DIGESTS, max_size=8))
def test_images_that_were_rolled_back_are_remembered_beside_no_entry(images: list[Digests]) -> None:
    kept = Journal(*cells())
    for image in images:
        kept.clear(bad=image)
    assert kept.load() is None
    assert all(map(kept.knows_bad, images))


def can_be_kept(entry: Entry) -> bool:
    """Whether an entry makes sense, and comes back as it was."""
    numbers = (entry.execution, entry.taken_up, entry.wanted.size_bytes, entry.checkpoint.offset_bytes)
    return (
        all(type(number) is int and number >= 0 for number in numbers)
        and all(type(text) is str for text in (entry.job_id, entry.reason, entry.message, entry.checkpoint.etag))
        and entry.stage in (CLAIMED, INSTALLED, FAILED)
        and said(journal.decode(journal.encode(entry))) == said(entry)
    )


@given(st.binary(max_size=40) | ENTRIES.map(journal.encode).flatmap(mutated))
def test_bytes_are_an_entry_that_can_be_kept_or_none(content: bytes) -> None:
    found = journal.decode(content)
    assert found is None or can_be_kept(found)


@given(ENTRIES, st.data())
def test_an_entry_with_any_other_value_in_a_field_can_be_kept_or_is_none(kept: Entry, data: st.DataObject) -> None:
    fields = json.loads(journal.encode(kept))
    fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(JSON_VALUES)
    found = journal.decode(json.dumps(fields).encode())
    assert found is None or can_be_kept(found)


@given(ENTRIES, ENTRIES, POSITIONS, PATTERNS)
def test_of_a_damaged_copy_nothing_is_believed(before: Entry, now: Entry, position: int, pattern: int) -> None:
    both = cells()
    kept = Journal(*both)
    kept.save(before)
    kept.save(now)
    burst(both[1], position, pattern)
    assert said(kept.load()) == said(before)
    burst(both[0], position, pattern)
    assert kept.load() is None
