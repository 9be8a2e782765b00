"""The window of the day in which an update may go on: its hours, its days, and the nights when clocks are changed."""

import zoneinfo
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota import machine
from fota.policy import Later, Now, Offer
from fota.policy.window import DAYS, Window

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400

CHANGES = {
    "Europe/Rome": ("2027-03-28 01:00", "2027-10-31 01:00"),
    "America/New_York": ("2027-03-14 07:00", "2027-11-07 06:00"),
    "Australia/Lord_Howe": ("2027-10-02 15:30", "2027-04-03 15:00"),
}
"""When the clocks of a zone are put forward and back, in UTC."""


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def local(zone: str, text: str, *, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def answer(window: Window, time_s: "int | None") -> tuple[str, "int | None"]:
    """What the window says, with the seconds until it changes."""
    offer = Offer()
    offer.time_s = time_s
    said = window(offer)
    return ("open", said.for_s) if isinstance(said, Now) else (said.reason, said.again_s)


def opening(window: Window, day: str, zone: str) -> tuple[str, str]:
    """When the window opens and closes that follows local noon of the day before, as clocks show it then."""
    time_s = local(zone, f"{day} 12:00") - DAY_S
    said, seconds = answer(window, time_s)
    assert (said, seconds is None) == ("outside-window", False)
    opens_s = time_s + (seconds or 0)
    said, seconds = answer(window, opens_s)
    assert said == "open"
    moments = [datetime.fromtimestamp(one, ZoneInfo(zone)) for one in (opens_s, opens_s + (seconds or 0))]
    begin, end = (f"{one:%H:%M}{'+' if one.fold else ''}" for one in moments)
    return begin, end


def seen(window: "tuple[int, int]", zone: str, moment_s: int, days: "frozenset[str]") -> tuple[str, int]:
    """The same as `answer`, found out by looking at a clock in every minute of several days."""
    start, length = window
    clocks = [(t, datetime.fromtimestamp(t, ZoneInfo(zone)).replace(tzinfo=None, fold=0)) for t in minutes(moment_s)]
    today = datetime.fromtimestamp(moment_s, ZoneInfo(zone)).date()
    found = []
    for ahead in (-1, 0, 1):
        day = today + timedelta(days=ahead)
        if DAYS[day.weekday()] in days:
            begin = datetime.combine(day, datetime.min.time()) + timedelta(minutes=start)
            end = begin + timedelta(minutes=length)
            opens = next(t for t, clock in clocks if clock >= begin)
            ends = [t for t, clock in clocks if clock == end] or [next(t for t, clock in clocks if clock > end)]
            found.append((opens, ends[-1] if opens < ends[-1] else opens + length * MINUTE_S))
    inside = [closes for opens, closes in found if opens <= moment_s < closes]
    for opens, closes in found:
        if inside and opens <= inside[0] < closes:
            inside = [closes]
    if inside:
        return "open", inside[0] - moment_s
    return "outside-window", min([opens - moment_s for opens, _ in found if opens > moment_s] + [DAY_S])


def minutes(moment_s: int) -> range:
    first = moment_s - moment_s % MINUTE_S
    return range(first - 60 * HOUR_S, first + 108 * HOUR_S, MINUTE_S)


def clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


@pytest.mark.slow
@pytest.mark.parametrize("zone", CHANGES)
@given(
    change=st.sampled_from((0, 1)),
    start=st.one_of(st.integers(0, 1439), st.integers(60, 240)),
    length=st.one_of(st.integers(1, 1439), st.integers(1, 90)),
    away_s=st.one_of(st.integers(-30 * HOUR_S, 30 * HOUR_S), st.integers(-3 * HOUR_S, 3 * HOUR_S)),
    days=st.one_of(
        st.just(frozenset(DAYS)), st.frozensets(st.sampled_from(("fri", "sat", "sun", "mon")), min_size=1)
    ),
)
def test_the_window_is_what_a_clock_on_the_wall_says_in_the_nights_of_a_change(
    zone: str, change: int, start: int, length: int, away_s: int, days: "frozenset[str]"
) -> None:
    moment_s = utc(CHANGES[zone][change]) + away_s
    window = Window(clock(start), clock(start + length), zone=zone, days=",".join(days))
    said, seconds = answer(window, moment_s)
    expected, until_s = seen((start, length), zone, moment_s, days)
    assert (said, min(seconds or 0, DAY_S)) == (expected, min(until_s, DAY_S))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("02:00", "04:30", ("03:00", "04:30")),
        ("02:30", "04:30", ("03:00", "04:30")),
        ("02:10", "02:50", ("03:00", "03:40")),
        ("02:30", "03:00", ("03:00", "03:30")),
        ("01:00", "02:30", ("01:00", "03:00")),
        ("03:00", "03:15", ("03:00", "03:15")),
        ("23:00", "02:30", ("23:00", "03:00")),
    ],
)
def test_a_time_that_is_skipped_in_spring_is_the_next_minute_that_exists(
    start: str, end: str, expected: tuple[str, str]
) -> None:
    assert opening(Window(start, end, zone="Europe/Rome"), "2027-03-28", "Europe/Rome") == expected


@pytest.mark.parametrize(
    ("start", "end", "expected", "hours"),
    [
        ("02:15", "02:45", ("02:15", "02:45+"), 1.5),
        ("01:00", "02:30", ("01:00", "02:30+"), 2.5),
        ("02:30", "04:00", ("02:30", "04:00"), 2.5),
        ("03:00", "04:00", ("03:00", "04:00"), 1),
        ("00:30", "01:30", ("00:30", "01:30"), 1),
    ],
)
def test_a_time_that_comes_twice_in_autumn_opens_the_first_time_and_closes_the_second(
    start: str, end: str, expected: tuple[str, str], hours: float
) -> None:
    window = Window(start, end, zone="Europe/Rome")
    assert opening(window, "2027-10-31", "Europe/Rome") == expected
    _, for_s = answer(window, local("Europe/Rome", f"2027-10-31 {start}"))
    assert for_s == hours * HOUR_S


def test_a_day_that_a_zone_left_out_has_its_window_on_the_next_one() -> None:
    window = Window("10:00", "11:00", zone="Pacific/Apia", days="fri")
    # Samoa had no Friday, 30 December 2011.
    midnight_s = local("Pacific/Apia", "2011-12-31 00:00")
    assert answer(window, midnight_s - 1) == ("outside-window", 1)
    assert answer(window, midnight_s) == ("open", HOUR_S)


@given(
    offset=st.integers(-720, 840),
    time_s=st.integers(0, 1 << 33),
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
)
def test_with_a_fixed_offset_a_window_is_open_exactly_between_its_two_times(
    offset: int, time_s: int, start: int, end: int
) -> None:
    window = Window(clock(start), clock(end), offset_minutes=offset)
    after_start_s = (time_s + offset * 60 - start * 60) % DAY_S
    length_s = (end - start) % 1440 * 60 or DAY_S
    said, seconds = answer(window, time_s)
    if length_s == DAY_S:
        assert (said, (seconds or 0) >= DAY_S) == ("open", True)
    elif after_start_s < length_s:
        assert (said, seconds) == ("open", length_s - after_start_s)
    else:
        assert (said, seconds) == ("outside-window", DAY_S - after_start_s)


def test_without_the_time_of_the_service_the_answer_is_later_however_late_it_is() -> None:
    assert answer(Window("00:00", "00:00", offset_minutes=0), None) == ("time-unknown", 300)


def test_a_window_on_some_days_is_named_by_the_day_on_which_it_opens() -> None:
    night = Window("22:00", "06:00", offset_minutes=0, days="fri, sun")
    assert answer(night, utc("2027-01-02 05:59")) == ("open", MINUTE_S)  # Saturday
    assert answer(night, utc("2027-01-02 22:00")) == ("outside-window", DAY_S)
    assert answer(night, utc("2027-01-03 21:00")) == ("outside-window", HOUR_S)
    assert answer(night, utc("2027-01-04 05:00")) == ("open", HOUR_S)


def test_a_window_that_opens_in_a_week_is_asked_again_within_a_day() -> None:
    assert answer(Window("10:00", "11:00", offset_minutes=0, days="sat"), utc("2027-01-02 11:00")) == (
        "outside-window",
        DAY_S,
    )


def test_a_download_need_not_pause_at_the_midnight_between_two_days_of_one_window() -> None:
    weekend = Window("00:00", "00:00", offset_minutes=0, days="sat,sun")
    assert answer(weekend, utc("2027-01-02 23:00")) == ("open", 25 * HOUR_S)
    assert answer(weekend, utc("2027-01-01 23:00")) == ("outside-window", HOUR_S)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"start": "2:00"}, "start: expected a time of day as HH:MM, from 00:00 to 23:59, got '2:00'"),
        ({"start": "24:00"}, "start: "),
        ({"end": "23:60"}, "end: "),
        ({"end": "0\u0662:00"}, "end: "),
        ({"end": "-1:00"}, "end: "),
        ({"end": 4}, "end: "),
        ({"days": ""}, "days: expected days such as mon,tue with commas between them, got ''"),
        ({"days": "mon,xyz"}, "days: "),
        ({"days": ["mon"]}, "days: "),
        ({"zone": "Europe/Rome"}, "zone, offset_minutes: expected one of the two, got both or none"),
        ({"offset_minutes": None}, "zone, offset_minutes: "),
        ({"offset_minutes": 841}, "offset_minutes: expected a whole number from -720 to 840, got 841"),
        ({"offset_minutes": 60.0}, "offset_minutes: "),
        ({"offset_minutes": True}, "offset_minutes: "),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(arguments: "dict[str, object]", named: str) -> None:
    with pytest.raises(ValueError, match="^" + named.replace("(", r"\(")):
        Window(**{"start": "02:00", "end": "04:00", "offset_minutes": 60, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["Europe/Gone", "Europe", "../etc/passwd", "", "Europe/Rome\0", 7])
def test_an_unknown_zone_is_refused_and_the_message_says_what_to_install(zone: object) -> None:
    with pytest.raises(ValueError, match=r"zone: expected the name of a time zone, .* install the package tzdata"):
        Window("02:00", "04:00", zone=zone)  # type: ignore[arg-type]


def test_without_a_database_of_zones_the_message_says_what_to_install_and_utc_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_database(name: str) -> ZoneInfo:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr("fota.policy._zone_cpython.ZoneInfo", no_database)
    with pytest.raises(ValueError, match="install the package tzdata"):
        Window("02:00", "04:00", zone="Europe/Rome")
    assert answer(Window("02:00", "04:00", zone="UTC"), utc("2027-01-01 03:00")) == ("open", HOUR_S)


def test_on_another_interpreter_a_zone_is_refused_and_the_message_names_the_offset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "INTERPRETER", "micropython")
    with pytest.raises(ValueError, match=r"zone: .* give offset_minutes in its place"):
        Window("02:00", "04:00", zone="Europe/Rome")


def test_its_answers_are_those_that_a_policy_may_give() -> None:
    offer = Offer()
    offer.time_s = 0
    window = Window("00:00", "01:00", offset_minutes=0)
    assert isinstance(window(offer), Now)
    offer.time_s = HOUR_S
    assert isinstance(window(offer), Later)
