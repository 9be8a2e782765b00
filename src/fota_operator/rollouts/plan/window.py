"""A window of time, and the next moment inside it. Pure.

A window is in local time of its zone, and moves with it. When the clock is put forward, a skipped time becomes later
by the same amount (02:30 is 03:30); when it is put back, a window includes the repeated hour twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

DAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_AHEAD = 15
"""Two weeks: if a clock change skips a weekly window entirely, the window opens a week later."""


@dataclass(frozen=True)
class StageWindow:
    """When a stage may begin: from `begin` to `end`, "HH:MM", on `days` ("mon" …), in an IANA time zone.

    An `end` before `begin` is that of the next day.
    """

    begin: str
    end: str
    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    zone: str = "UTC"


def next_inside(window: StageWindow | None, moment: datetime) -> datetime:
    """The moment itself if it is inside the window, or else the next moment inside. The window's end is outside.

    Without a window it is the moment itself. Both moments have a time zone.
    """
    if window is None:
        return moment
    for begin, end in _openings(window, moment):
        if moment < end:
            return max(begin, moment)
    raise AssertionError("a window opens at least once in two weeks")


def zone_of(name: str) -> tzinfo:
    """The time zone of that name. *Raises* ValueError or ZoneInfoNotFoundError."""
    # UTC is known without a time zone database, which small containers lack.
    return timezone.utc if name == "UTC" else ZoneInfo(name)


def clock_time(text: str) -> time:
    """The time of day that "HH:MM" is. *Raises* ValueError."""
    hours, colon, minutes = text.partition(":")
    if len(text) != 5 or not colon or not (hours + minutes).isdecimal() or not text.isascii():
        raise ValueError("not HH:MM")
    return time(int(hours), int(minutes))


def _openings(window: StageWindow, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When the window opens and closes, in UTC, from the day before the moment on, in order."""
    zone = zone_of(window.zone)
    begin, end = clock_time(window.begin), clock_time(window.end)
    nights = 0 if begin < end else 1
    today = moment.astimezone(zone).date()
    for ahead in range(-1, _DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        if DAYS[day.weekday()] not in window.days:
            continue
        opens = datetime.combine(day, begin, zone).astimezone(timezone.utc)
        closes = _latest(datetime.combine(day + timedelta(days=nights), end, zone))
        if opens < closes:
            yield opens, closes


def _latest(local: datetime) -> datetime:
    """Of the two moments that a local time can be when the clock changes, the later: PEP 495's `fold`."""
    return max(local.replace(fold=fold).astimezone(timezone.utc) for fold in (0, 1))
