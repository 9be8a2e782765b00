"""How long an update waits for those before it."""

import pytest

from fota import pace
from fota.journal import Entry, Journal
from fota.pace import DAY_S, NOTHING_YET, Pace
from fota_testing.flash.cells import MemoryCell
from tests.labs.image_digests import digests_of

NOW_S = 1_700_000_000


def after(updates: int, *, now_s: int = NOW_S) -> tuple[int, ...]:
    account: tuple[int, ...] = NOTHING_YET
    for _ in range(updates):
        account = pace.begun(account, now_s)
    return account


def test_each_update_that_failed_makes_the_next_one_wait_twice_as_long_up_to_an_hour() -> None:
    waits_s = [Pace().wait_s(after(tries), NOW_S) for tries in range(12)]
    assert waits_s == [0, 0, 0, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]


def test_what_has_passed_since_the_last_one_counts() -> None:
    assert [Pace().wait_s(after(4), NOW_S + passed_s) for passed_s in (0, 60, 119, 120, 999)] == [120, 60, 1, 0, 0]


def test_an_update_that_succeeded_lets_the_next_ones_fail_again() -> None:
    assert Pace().wait_s(pace.succeeded(after(10)), NOW_S) == 0


def test_no_more_updates_are_begun_in_a_day_than_it_allows_whether_they_succeed_or_not() -> None:
    account = after(0)
    for _ in range(Pace().per_day):
        assert Pace().wait_s(account, NOW_S) == 0
        account = pace.succeeded(pace.begun(account, NOW_S))
    assert Pace().wait_s(account, NOW_S + 1_000) == DAY_S - 1_000
    assert Pace().wait_s(account, NOW_S + DAY_S) == 0
    assert pace.begun(account, NOW_S + DAY_S)[2:] == (1, NOW_S + DAY_S)


def test_a_clock_that_was_wrong_by_far_stops_no_update_for_ever() -> None:
    assert Pace().wait_s(after(40, now_s=NOW_S + 10 * 365 * DAY_S), NOW_S) == 0


def test_the_limits_can_be_set() -> None:
    limits = Pace()
    limits.free_tries, limits.first_wait_s, limits.most_wait_s, limits.per_day = 1, 5, 20, 100
    assert [limits.wait_s(after(tries), NOW_S) for tries in range(6)] == [0, 5, 10, 20, 20, 20]


def test_the_account_survives_a_reset_with_the_next_entry_and_with_its_end() -> None:
    cells = MemoryCell(), MemoryCell()
    journal = Journal(*cells)
    journal.accounts["pace"] = after(3)
    assert Journal(*cells).accounts["pace"] == NOTHING_YET
    journal.save(Entry("job-1", 1, digests_of(b"image")))
    assert Journal(*cells).accounts["pace"] == after(3)
    journal.clear()
    assert Journal(*cells).accounts["pace"] == after(3)


@pytest.mark.parametrize(
    "odd", [None, [], [1, 2, 3], [1, 2, 3, "4"], [1, 2, 3, -1], [1, 2, 3, 1 << 50], [1, 2, 3, True]]
)
def test_an_absurd_account_counts_for_nothing(odd: object) -> None:
    assert pace.of_numbers(odd) == NOTHING_YET
