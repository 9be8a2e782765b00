"""Entries of the journal, as Hypothesis makes them up, and all that one says."""

from __future__ import annotations

from hypothesis import strategies as st

from fota.digests import Digests
from fota.journal import CLAIMED, FAILED, INSTALLED, Entry
from fota.transfer.checkpoint import Checkpoint

NUMBERS = st.integers(0, 2**40)
DIGESTS = st.builds(
    Digests,
    NUMBERS,
    st.binary(min_size=16, max_size=16),
    st.none() | st.binary(min_size=32, max_size=32),
)
ENTRIES = st.builds(
    Entry,
    job_id=st.text(min_size=1, max_size=64),
    execution=NUMBERS,
    wanted=DIGESTS,
    stage=st.sampled_from([CLAIMED, INSTALLED, FAILED]),
    taken_up=NUMBERS,
    checkpoint=st.builds(Checkpoint, NUMBERS, st.integers(0, 2**32 - 1), st.text(max_size=128), NUMBERS, NUMBERS),
    reason=st.text(max_size=30),
    message=st.text(max_size=200),
)


def said(entry: Entry | None) -> dict[str, object]:
    """All that an entry says; empty without one."""
    return (
        {} if entry is None else {**vars(entry), "wanted": vars(entry.wanted), "checkpoint": vars(entry.checkpoint)}
    )
