"""The next moment that lies in a window. Pure.

A window is a time of the clock on the wall in its zone, and moves with it. Where the clock is put forward, a time
that is skipped is as much later (02:30 is 03:30); where it is put back, a window has the hour twice that comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from fota_operator.rollouts.plan import Window

DAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_AHEAD = 15
"""Two weeks: a weekly window that a change of the clock swallows whole opens a week later."""


def next_inside(window: Window | None, moment: datetime) -> datetime:
    """The moment itself if it lies in the window, its end left out, or else the next that does.

    Without a window every moment does. Both are aware of their zone.
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


def _openings(window: Window, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
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
