"""A policy that lets an update go on in certain hours of the day, in the local time of the device.

    policy = Window("02:00", "04:30", zone="Europe/Rome")
    policy = Window("22:00", "06:00", offset_minutes=60, days="fri,sat")

The time is that of the service (`Offer.time_s`), so a wrong clock of the device changes nothing. It applies to both
moments, the download and the restart. A download that is under way when the window closes pauses, and goes on from
there in the next one.
"""

from fota import machine
from fota.fields import is_whole
from fota.policy import Later, Now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fota.policy import Offer

    Offsets = Callable[[int], int]
    """How far local time is ahead of UTC, in seconds, at a moment: seconds since 1970."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY_S = 86_400
_DAYS_AHEAD = 9
"""A window of one day in the week opens within eight days."""
_FARTHEST_S = 16 * 3_600
"""No local time is farther from UTC."""


class Window:
    """From `start` to `end`, each "HH:MM" in local time; the end is outside, and if it is not later, on the next day.

    zone: the name of a time zone, such as "Europe/Rome"; CPython only. offset_minutes: how far local time is ahead of
    UTC, all the year round. One of the two is given.
    days: the days on which the window opens, such as "mon,tue"; without it, every day.

    When clocks are put forward, a time that is skipped is the next minute that exists; a window that is skipped as a
    whole opens then, for as long as on other days. When clocks are put back, the window opens the first time that
    clocks show its start, and closes the last time that they show its end.

    *Raises* ValueError, which names the argument. Survives a reset, since it keeps nothing.
    """

    def __init__(
        self,
        start: str,
        end: str,
        *,
        zone: "str | None" = None,
        offset_minutes: "int | None" = None,
        days: "str | None" = None,
    ) -> None:
        self._start_s = _time_of_day("start", start)
        self._end_s = _time_of_day("end", end)
        self._length_s = (self._end_s - self._start_s - 1) % _DAY_S + 1
        self._days = _days(days)
        self._offset_at = _offsets(zone, offset_minutes)

    def __call__(self, offer: "Offer") -> "Now | Later":
        """`Now` until the window closes, or `Later` until it opens."""
        now_s = offer.time_s
        if now_s is None:
            return Later("time-unknown")
        closes_s = None
        for opens_s, ends_s in self._openings(now_s):
            if closes_s is None:
                if now_s < opens_s:
                    return Later("outside-window", again_s=opens_s - now_s)
                if now_s < ends_s:
                    closes_s = ends_s
            elif opens_s <= closes_s:
                # It closes and opens in the same moment: a download need not pause for that.
                closes_s = max(closes_s, ends_s)
            else:
                break
        return Later("outside-window") if closes_s is None else Now(for_s=closes_s - now_s)

    def _openings(self, now_s: int) -> "Iterator[tuple[int, int]]":
        """When the window opens and closes, in UTC, from yesterday on, in order."""
        today = (now_s + self._offset_at(now_s)) // _DAY_S
        for day in range(today - 1, today + _DAYS_AHEAD):
            # The first day of 1970 was a Thursday.
            if (day + 3) % 7 in self._days:
                start_s = day * _DAY_S + self._start_s
                opens_s = self._shown(start_s)[0]
                closes_s = self._shown(start_s + self._length_s)[1]
                yield opens_s, closes_s if opens_s < closes_s else opens_s + self._length_s

    def _shown(self, local_s: int) -> "tuple[int, int]":
        """The first and the last moment, in UTC, at which clocks show a local time; if they skip it, the next one."""
        before_s = self._offset_at(local_s - _FARTHEST_S)
        after_s = self._offset_at(local_s + _FARTHEST_S)
        found = [local_s - offset_s for offset_s in (before_s, after_s) if self._is_shown(local_s, offset_s)]
        if found:
            return found[0], found[-1]
        # Skipped: the clocks are changed between these two moments. The first one that has the new offset is wanted.
        low_s, high_s = local_s - after_s, local_s - before_s
        while high_s - low_s > 1:
            middle_s = (low_s + high_s) // 2
            if self._offset_at(middle_s) == before_s:
                low_s = middle_s
            else:
                high_s = middle_s
        return high_s, high_s

    def _is_shown(self, local_s: int, offset_s: int) -> bool:
        return self._offset_at(local_s - offset_s) == offset_s


def _time_of_day(name: str, text: str) -> int:
    """The seconds since midnight that "HH:MM" is."""
    if isinstance(text, str) and len(text) == 5 and text[2] == ":" and not (text[:2] + text[3:]).strip("0123456789"):
        hours, minutes = int(text[:2]), int(text[3:])
        if hours < 24 and minutes < 60:
            return (hours * 60 + minutes) * 60
    raise ValueError(f"{name}: expected a time of day as HH:MM, from 00:00 to 23:59, got {text!r}")


def _days(text: "str | None") -> "list[int]":
    if text is None:
        return list(range(7))
    names = [name.strip() for name in text.split(",")] if isinstance(text, str) else [""]
    for name in names:
        if name not in DAYS:
            raise ValueError(f"days: expected days such as mon,tue with commas between them, got {text!r}")
    return [DAYS.index(name) for name in names]


def _offsets(zone: "str | None", offset_minutes: "int | None") -> "Offsets":
    if (zone is None) == (offset_minutes is None):
        raise ValueError("zone, offset_minutes: expected one of the two, got both or none")
    if offset_minutes is not None:
        if not is_whole(offset_minutes, -720, 840):
            raise ValueError(f"offset_minutes: expected a whole number from -720 to 840, got {offset_minutes!r}")
        offset_s = offset_minutes * 60
        return lambda _: offset_s
    if machine.INTERPRETER == "cpython":
        from fota.policy import _zone_cpython

        return _zone_cpython.offsets_of(zone)
    raise ValueError("zone: this interpreter knows no time zones; give offset_minutes in its place")
