from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from fota_operator.rollouts.plan.window import StageWindow, next_inside

BERLIN = ZoneInfo("Europe/Berlin")
"""Puts its clock forward on 2026-03-29 at 02:00, and back on 2026-10-25 at 03:00."""
NIGHT = StageWindow("22:00", "04:00", zone="Europe/Berlin")
WEEKEND = StageWindow("08:00", "17:00", days=("sat", "sun"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=timezone.utc)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BERLIN)


def is_inside(window: StageWindow | None, moment: datetime) -> bool:
    return next_inside(window, moment) == moment


def open_minutes(window: StageWindow, begin: datetime, hours: int) -> int:
    """How many minutes of so many hours the window is open."""
    first = begin.astimezone(timezone.utc)
    return sum(is_inside(window, first + timedelta(minutes=minute)) for minute in range(60 * hours))


def test_without_a_window_every_moment_is_inside() -> None:
    assert is_inside(None, utc("03-02 12:00"))


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("03-07 07:59:59", False),
        ("03-07 08:00", True),
        ("03-07 16:59:59", True),
        ("03-07 17:00", False),
        ("03-06 12:00", False),
        ("03-08 12:00", True),
        ("03-09 12:00", False),
    ],
)
def test_a_window_has_its_begin_and_not_its_end_on_its_days(moment: str, inside: bool) -> None:
    assert is_inside(WEEKEND, utc(moment)) is inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [("03-02 21:59", False), ("03-02 22:00", True), ("03-03 03:59", True), ("03-03 04:00", False)],
)
def test_a_window_over_midnight_ends_on_the_next_day(moment: str, inside: bool) -> None:
    assert is_inside(NIGHT, berlin(moment)) is inside


def test_the_day_of_a_window_over_midnight_is_that_of_its_begin() -> None:
    friday = StageWindow("22:00", "04:00", days=("fri",))
    assert is_inside(friday, utc("03-07 03:00"))
    assert not is_inside(friday, utc("03-06 03:00"))


def test_a_window_that_ends_as_it_begins_lasts_a_day() -> None:
    assert open_minutes(StageWindow("06:00", "06:00", days=("mon",)), utc("03-02 00:00"), 48) == 24 * 60


def test_a_moment_inside_is_its_own_next() -> None:
    assert next_inside(WEEKEND, utc("03-07 09:30")) == utc("03-07 09:30")


@pytest.mark.parametrize(
    ("moment", "opens"),
    [("03-02 12:00", "03-07 08:00"), ("03-07 17:00", "03-08 08:00"), ("03-08 17:00", "03-14 08:00")],
)
def test_the_next_moment_inside_is_when_the_window_opens(moment: str, opens: str) -> None:
    assert next_inside(WEEKEND, utc(moment)) == utc(opens)


def test_a_window_opens_by_the_clock_of_its_zone() -> None:
    assert next_inside(NIGHT, utc("03-02 12:00")) == utc("03-02 21:00")
    assert next_inside(NIGHT, utc("07-02 12:00")) == utc("07-02 20:00")


def test_a_zone_may_be_a_day_ahead() -> None:
    monday = StageWindow("01:00", "02:00", days=("mon",), zone="Pacific/Kiritimati")
    assert next_inside(monday, utc("03-01 10:00")) == utc("03-01 11:00")


def test_a_zone_may_be_a_day_behind() -> None:
    sunday = StageWindow("22:00", "23:00", days=("sun",), zone="Pacific/Pago_Pago")
    assert is_inside(sunday, utc("03-02 09:30"))


def test_a_night_in_which_the_clock_is_put_forward_is_an_hour_shorter() -> None:
    assert open_minutes(NIGHT, berlin("03-28 12:00"), 24) == 5 * 60


def test_a_night_in_which_the_clock_is_put_back_is_an_hour_longer() -> None:
    assert open_minutes(NIGHT, berlin("10-24 12:00"), 24) == 7 * 60


def test_a_window_that_the_clock_skips_is_as_much_later() -> None:
    skipped = StageWindow("02:15", "02:45", zone="Europe/Berlin")
    assert next_inside(skipped, berlin("03-29 00:00")) == utc("03-29 01:15")
    assert open_minutes(skipped, berlin("03-29 00:00"), 12) == 30


def test_a_window_that_begins_in_what_is_skipped_and_ends_before_it_would_open_stays_shut_that_day() -> None:
    shut = StageWindow("02:45", "03:15", days=("sun",), zone="Europe/Berlin")
    assert next_inside(shut, berlin("03-29 00:00")) == utc("04-05 00:45")


def test_a_window_in_the_hour_that_comes_twice_is_open_from_its_first_begin_to_its_last_end() -> None:
    twice = StageWindow("02:15", "02:45", zone="Europe/Berlin")
    assert next_inside(twice, berlin("10-25 00:00")) == utc("10-25 00:15")
    assert open_minutes(twice, berlin("10-25 00:00"), 12) == 90
