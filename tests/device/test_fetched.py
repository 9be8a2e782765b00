"""How many bytes a device has fetched in its day and its month: kept over resets, with no write of its own."""

import pytest

from fota import journal as journals
from fota.digests import Digests
from fota.errors import StorageFailed
from fota.fetched import MONTH_S, Fetched, counted
from fota.journal import Entry, Journal
from fota.pace import DAY_S, NOTHING_YET, Pacing
from fota.transfer.checkpoint import Checkpoint
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell
from tests.labs.image_digests import digests_of
from tests.labs.journal_entries import ENTRY

NOW_S = 1_700_000_000
IMAGE = bytes(range(250)) * 20


class Home:
    """The account of a device whose cells outlive it."""

    def __init__(self) -> None:
        self.cells = MemoryCell(), MemoryCell()
        self.boot()

    def boot(self) -> None:
        self.clock = FakeClock()
        self.journal = Journal(*self.cells)
        self.fetched = Fetched(self.journal, Pacing(self.journal, self.clock))

    def sums(self, told_at_s: int | None = None) -> tuple[int, int]:
        return self.fetched.day_bytes(told_at_s), self.fetched.month_bytes(told_at_s)


@pytest.fixture
def home() -> Home:
    return Home()


def test_a_new_device_has_fetched_nothing(home: Home) -> None:
    assert home.sums() == home.sums(NOW_S) == (0, 0)


def test_bytes_count_for_their_day_and_their_month(home: Home) -> None:
    assert home.sums(NOW_S) == (0, 0)
    home.fetched.count(100)
    home.fetched.count(11)
    assert home.sums(NOW_S + DAY_S - 1) == (111, 111)
    assert home.sums(NOW_S + DAY_S) == (0, 111)
    home.fetched.count(5)
    assert home.sums() == (5, 116)
    assert home.sums(NOW_S + MONTH_S - 1)[1] == 116
    assert home.sums(NOW_S + MONTH_S) == (0, 0)


def test_a_day_begins_with_the_first_byte_that_comes_after_the_last_one(home: Home) -> None:
    home.sums(NOW_S)
    home.fetched.count(1)
    home.sums(NOW_S + DAY_S + 5_000)
    home.fetched.count(2)
    assert home.sums(NOW_S + 2 * DAY_S + 4_999)[0] == 2
    assert home.sums(NOW_S + 2 * DAY_S + 5_000)[0] == 0


def test_a_day_ends_by_our_own_clock_when_the_service_says_no_more(home: Home) -> None:
    home.sums(NOW_S)
    home.fetched.count(7)
    home.clock.advance_ms(DAY_S * 1_000 - 1)
    assert home.sums() == (7, 7)
    home.clock.advance_ms(1)
    assert home.sums() == (0, 7)


def test_what_was_fetched_before_the_time_was_told_belongs_to_the_day_in_which_it_is_told(home: Home) -> None:
    home.fetched.count(9)
    home.clock.advance_ms(3 * DAY_S * 1_000)
    assert home.sums() == (9, 9)
    assert home.sums(NOW_S) == (9, 9)


def test_no_day_ends_after_a_reset_until_the_time_is_told(home: Home) -> None:
    home.sums(NOW_S)
    home.fetched.count(9)
    home.journal.save(ENTRY)
    home.boot()
    home.clock.advance_ms(2 * DAY_S * 1_000)
    home.fetched.count(1)
    assert home.sums() == (10, 10)
    assert home.sums(NOW_S + 2 * DAY_S) == (0, 10)


def test_a_time_that_was_wrong_by_far_stops_no_day_for_ever(home: Home) -> None:
    home.sums(NOW_S + 10 * 365 * DAY_S)
    home.fetched.count(9)
    assert home.sums(NOW_S) == (0, 0)


def test_the_account_is_saved_with_whatever_the_journal_saves(home: Home) -> None:
    home.fetched.count(3)
    home.boot()
    assert home.sums() == (0, 0)
    home.fetched.count(4)
    home.journal.save(ENTRY)
    home.boot()
    assert home.sums() == (4, 4)
    home.fetched.count(4)
    home.journal.clear()
    home.boot()
    assert home.sums() == (8, 8)
    home.fetched.count(4)
    home.journal.remember_bad(digests_of(b"bad"))
    home.boot()
    assert home.sums() == (12, 12)


def test_it_changes_no_other_account_and_no_entry(home: Home) -> None:
    home.journal.accounts["pace"] = (1, 2, 3, 4)
    home.fetched.count(4)
    home.journal.save(ENTRY)
    home.boot()
    assert home.journal.accounts["pace"] == (1, 2, 3, 4)
    found = home.journal.load()
    assert found is not None
    assert journals.encode(found) == journals.encode(ENTRY)


def test_bytes_that_come_while_the_journal_cannot_be_read_are_counted_later(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> bytes:
        raise StorageFailed("for now")

    # A cell of a device has no way to fail for a while.
    with monkeypatch.context() as broken:
        for cell in home.cells:
            broken.setattr(cell, "read", fails)
        home.fetched.count(5)
        with pytest.raises(StorageFailed):
            home.fetched.day_bytes()
    home.fetched.count(6)
    assert home.sums() == (11, 11)


def test_a_number_of_bytes_has_an_end_and_stays_readable() -> None:
    account = counted(NOTHING_YET, NOW_S, 1 << 50)
    cells = MemoryCell(), MemoryCell()
    journal = Journal(*cells)
    journal.accounts["fetched"] = account
    journal.save(ENTRY)
    assert Journal(*cells).accounts["fetched"] == account == counted(account, NOW_S, 1)


def test_the_longest_entry_still_fits_into_a_cell() -> None:
    journal = Journal(MemoryCell(), MemoryCell())
    for number in range(9):
        journal.clear(bad=Digests(10**9 + number, bytes(16), None), cause="crashed")
        journal.clear(bad=Digests(2 * 10**9 + number, bytes(16), None), cause="not-confirmed")
    most = (1 << 40) - 1
    journal.accounts.update(pace=(most,) * 4, fetched=(most,) * 4)
    entry = Entry("x" * 64, most, digests_of(IMAGE), checkpoint=Checkpoint(most, 1 << 31, "e" * 128, most, most))
    journal.save(entry.at(journals.FAILED, "download-timeout", "\u00e9" * 300))
    assert journal.load() is not None
