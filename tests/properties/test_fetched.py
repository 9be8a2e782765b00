"""The account of what was fetched comes back as it was, absurd values count as none, and no byte is lost."""

from __future__ import annotations

import json
import sys

from hypothesis import given
from hypothesis import strategies as st

from fota import journal
from fota.digests import Digests
from fota.fetched import MONTH_S, counted
from fota.journal import Journal
from fota.pace import DAY_S, NOTHING_YET, of_numbers
from tests.properties.damage import JSON_VALUES, PATTERNS, POSITIONS, burst, cells
from tests.properties.entries import ENTRIES, said

ACCOUNTS = st.tuples(*[st.integers(0, 2**40 - 1)] * 4)
BEGAN_S = 1_700_000_000
STEPS = st.lists(st.tuples(st.integers(0, 2 * DAY_S), st.integers(0, 2**24)), max_size=30)
"""The seconds that pass before some bytes come, and their number."""


@given(ACCOUNTS, ACCOUNTS, st.none() | ENTRIES)
def test_both_accounts_come_back_as_they_were_beside_any_entry(
    pace: tuple[int, ...], fetched: tuple[int, ...], entry: journal.Entry | None
) -> None:
    both = cells()
    kept = Journal(*both)
    kept.accounts.update(pace=pace, fetched=fetched)
    kept.save(journal.Entry("j", 1, Digests(0, bytes(16), None)) if entry is None else entry)
    if entry is None:
        kept.clear()
    again = Journal(*both)
    assert again.accounts == {"pace": pace, "fetched": fetched}
    assert said(again.load()) == said(entry)


@given(ENTRIES, ACCOUNTS, JSON_VALUES | st.lists(JSON_VALUES | st.integers(), min_size=4, max_size=4))
def test_an_absurd_account_counts_for_nothing_and_harms_nothing_else(
    entry: journal.Entry, pace: tuple[int, ...], odd: object
) -> None:
    fields = json.loads(journal.encode(entry, accounts={"pace": pace}))
    fields["fetched"] = odd
    payload = json.dumps(fields).encode()
    both = cells()
    Journal(*both)._value.save(payload)
    again = Journal(*both)
    account = again.accounts["fetched"]
    is_sound = isinstance(odd, list) and len(odd) == 4 and all(type(one) is int and 0 <= one < 2**40 for one in odd)
    assert account == (tuple(odd) if is_sound and isinstance(odd, list) else NOTHING_YET)
    assert again.accounts["pace"] == pace
    assert said(again.load()) == said(entry)


@given(ENTRIES, ACCOUNTS, ACCOUNTS, POSITIONS, PATTERNS)
def test_of_a_damaged_copy_no_account_is_believed(
    entry: journal.Entry, before: tuple[int, ...], now: tuple[int, ...], position: int, pattern: int
) -> None:
    both = cells()
    for account in (before, now):
        kept = Journal(*both)
        kept.accounts["fetched"] = account
        kept.save(entry)
    burst(both[1], position, pattern)
    assert Journal(*both).accounts["fetched"] == before


@given(STEPS)
def test_a_window_holds_the_bytes_that_came_since_it_began(steps: list[tuple[int, int]]) -> None:
    account: tuple[int, ...] = NOTHING_YET
    now_s = BEGAN_S
    came: list[tuple[int, int]] = []
    for passed_s, count_bytes in steps:
        now_s += passed_s
        account = counted(account, now_s, count_bytes)
        came.append((now_s, count_bytes))
        for since_s, found_bytes, lasts_s in ((*account[:2], DAY_S), (*account[2:], MONTH_S)):
            assert now_s - lasts_s < since_s <= now_s
            assert since_s in [at_s for at_s, _ in came]
            assert sum(one for at_s, one in came if at_s > since_s) <= found_bytes
            assert found_bytes <= sum(one for at_s, one in came if at_s >= since_s)


@given(ACCOUNTS, st.none() | st.integers(0, 2**40 - 1), st.integers(0, sys.maxsize))
def test_an_account_stays_one_that_is_believed(account: tuple[int, ...], now_s: int | None, count_bytes: int) -> None:
    after = counted(account, now_s, count_bytes)
    assert of_numbers(list(after)) == after
    assert after[1] >= min(count_bytes, 2**40 - 1) <= after[3]
