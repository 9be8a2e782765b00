"""Fields of a plan, read one by one: a typed value, or a refusal with the field's path and what was expected.

Leaves to others: which fields there are (`plan_table`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfoNotFoundError

from fota_operator.errors import BadInput
from fota_operator.rollouts.plan_limits import PERCENT_DECIMALS
from fota_operator.rollouts.window import clock_time, zone_of

_REMEDY = "look it up in the reference of rollout plans"

T = TypeVar("T")
Check = Callable[[object], T]
"""Makes a value of what stands in a field, or raises Unfit."""


class Unfit(Exception):
    """A value is not what its field takes; the message says what that would be."""


class Fields:
    """A table of a plan. `path` is where it stands, empty for the whole plan. *Raises* BadInput throughout."""

    def __init__(self, table: object, path: str, known: tuple[str, ...]) -> None:
        if not isinstance(table, Mapping):
            raise BadInput(f"{path or 'plan'}: expected a table, got {_shown(table)}", _REMEDY)
        self._table = table
        self._path = path
        for name in table:
            if name not in known:
                raise BadInput(f"{self.path(name)}: no such field", _nearest(str(name), known))

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def path(self, name: object) -> str:
        """Where a field of this table stands."""
        return f"{self._path}.{name}" if self._path else str(name)

    def wrong(self, expected: str, got: str) -> BadInput:
        """The error for a table whose fields do not fit together."""
        return BadInput(f"{self._path}: expected {expected}, got {got}", _REMEDY)

    def need(self, name: str, check: Check[T]) -> T:
        """The value of a field that must be there."""
        if name not in self._table:
            raise BadInput(f"{self.path(name)}: missing", _REMEDY)
        value = self._table[name]
        try:
            return check(value)
        except Unfit as unfit:
            raise BadInput(f"{self.path(name)}: expected {unfit}, got {_shown(value)}", _REMEDY) from None

    def take(self, name: str, check: Check[T], default: T) -> T:
        """The value of a field, or the default if it is not there."""
        return self.need(name, check) if name in self._table else default

    def table(self, name: str, known: tuple[str, ...]) -> Fields:
        """The table in a field; an empty one if it is not there."""
        return Fields(self._table.get(name, {}), self.path(name), known)

    def tables(self, name: str, known: tuple[str, ...], most: int, *, or_off: bool = False) -> list[Fields]:
        """The tables of a list, the first of which is [1]; with `or_off` none, if it says `false`."""

        def listed(value: object) -> list[object]:
            if or_off and value is False:
                return []
            if not isinstance(value, list) or not 0 < len(value) <= most:
                raise Unfit(f"a list of 1 to {most} tables{', or false' if or_off else ''}")
            return value

        return [
            Fields(table, f"{self.path(name)}[{number}]", known)
            for number, table in enumerate(self.need(name, listed), start=1)
        ]


def whole(least: int, most: int) -> Check[int]:
    """A whole number within bounds; True and 1.0 are none."""

    def check(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Unfit(f"a whole number from {least} to {most}")
        return value

    return check


def whole_or_off(least: int, most: int) -> Check[int | None]:
    """A whole number within bounds, or `false`, which is None."""

    def check(value: object) -> int | None:
        if value is False:
            return None
        try:
            return whole(least, most)(value)
        except Unfit as unfit:
            raise Unfit(f"{unfit}, or false") from None

    return check


def number(least: float, most: float) -> Check[float]:
    """A number within bounds."""

    def check(value: object) -> float:
        if type(value) not in (int, float) or not isinstance(value, int | float) or not least <= value <= most:
            raise Unfit(f"a number from {least:g} to {most:g}")
        return float(value)

    return check


def percentage(*, zero: bool = False) -> Check[float]:
    """A percentage above zero, or with `zero` from there on."""

    def check(value: object) -> float:
        try:
            percent = number(0, 100)(value)
        except Unfit:
            percent = -1.0
        if percent < 0 or (percent == 0 and not zero) or round(percent, PERCENT_DECIMALS) != percent:
            bounds = "from 0 to 100" if zero else "above 0 and up to 100"
            raise Unfit(f"a percentage {bounds}, with {PERCENT_DECIMALS} decimals at most")
        return percent

    return check


def matching(pattern: str, expected: str) -> Check[str]:
    """Text that is wholly of a pattern."""

    def check(value: object) -> str:
        if not isinstance(value, str) or re.fullmatch(pattern, value, re.ASCII) is None:
            raise Unfit(expected)
        return value

    return check


def one_of(*words: str) -> Check[str]:
    """One of these words."""
    return matching("|".join(map(re.escape, words)), f"one of {', '.join(words)}")


def each(check: Check[str], expected: str, *, least: int = 0) -> Check[tuple[str, ...]]:
    """A list of texts, each of which passes a check."""

    def checks(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) < least:
            raise Unfit(f"a list of {expected}")
        try:
            return tuple(check(one) for one in value)
        except Unfit:
            wrong = next(one for one in value if not _passes(check, one))
            raise Unfit(f"a list of {expected} (not {_shown(wrong)})") from None

    return checks


def flag(value: object) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise Unfit("true or false")
    return value


def time_of_day(value: object) -> str:
    """A time as "HH:MM"."""
    try:
        clock_time(value if isinstance(value, str) else "")
    except ValueError:
        raise Unfit('a time as "HH:MM", in quotes') from None
    return str(value)


def time_zone(value: object) -> str:
    """The name of a time zone that this machine knows."""
    try:
        zone_of(value if isinstance(value, str) else "")
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise Unfit('a time zone that this machine knows, as "Europe/Berlin"') from None
    return str(value)


def _passes(check: Check[str], value: object) -> bool:
    try:
        check(value)
    except Unfit:
        return False
    return True


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
