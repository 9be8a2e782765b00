"""Reads the fields of a plan one by one: each gives a typed value, or an error with its path and what was expected.

Leaves to others: which fields there are (`table`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfoNotFoundError

from fota_operator.errors import BadInput
from fota_operator.rollouts.plan.percent import PERCENT_DECIMALS
from fota_operator.rollouts.plan.window import clock_time, zone_of
from fota_operator.time_span import parse_span

_REMEDY = "look it up in the reference of rollout plans"

T = TypeVar("T")
Check = Callable[[object], T]
"""Makes a value of what a field holds, or raises Unfit."""


class Unfit(Exception):
    """A value is not what its field takes; the message says what the field takes."""


class Fields:
    """A table of a plan. `path` is its place, empty for the whole plan. *Raises* BadInput throughout."""

    def __init__(self, table: object, path: str, known: tuple[str, ...]) -> None:
        if not isinstance(table, Mapping):
            raise BadInput(f"{path or 'plan'}: expected a table, got {shown(table)}", _REMEDY)
        self._table = table
        self._path = path
        for name in table:
            if name not in known:
                raise BadInput(f"{self.path(name)}: no such field", _nearest(str(name), known))

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def path(self, name: object) -> str:
        """The place of a field of this table."""
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
            raise BadInput(f"{self.path(name)}: expected {unfit}, got {shown(value)}", _REMEDY) from None

    def take(self, name: str, check: Check[T], default: T) -> T:
        """The value of a field, or the default if it is not there."""
        return self.need(name, check) if name in self._table else default

    def table(self, name: str, known: tuple[str, ...]) -> Fields:
        """The table in a field; an empty one if it is not there."""
        return Fields(self._table.get(name, {}), self.path(name), known)

    def tables(self, name: str, known: tuple[str, ...], maximum: int, *, or_off: bool = False) -> list[Fields]:
        """The tables of a list, numbered from [1]; with `or_off` there are none if it says `false`."""

        def listed(value: object) -> list[object]:
            if or_off and value is False:
                return []
            if not isinstance(value, list) or not 0 < len(value) <= maximum:
                raise Unfit(f"a list of 1 to {maximum} tables{', or false' if or_off else ''}")
            return value

        return [
            Fields(table, f"{self.path(name)}[{number}]", known)
            for number, table in enumerate(self.need(name, listed), start=1)
        ]


def whole(minimum: int, maximum: int) -> Check[int]:
    """A whole number within bounds; True and 1.0 do not count as whole numbers."""

    def check(value: object) -> int:
        if type(value) is not int or not minimum <= value <= maximum:
            raise Unfit(f"a whole number from {minimum} to {maximum}")
        return value

    return check


def whole_or_off(minimum: int, maximum: int) -> Check[int | None]:
    """A whole number within bounds, or `false`, which is None."""

    def check(value: object) -> int | None:
        if value is False:
            return None
        try:
            return whole(minimum, maximum)(value)
        except Unfit as unfit:
            raise Unfit(f"{unfit}, or false") from None

    return check


def number(minimum: float, maximum: float) -> Check[float]:
    """A number within bounds."""

    def check(value: object) -> float:
        if type(value) not in (int, float) or not isinstance(value, int | float) or not minimum <= value <= maximum:
            raise Unfit(f"a number from {minimum:g} to {maximum:g}")
        # Not -0.0: it would be the same plan in other bytes.
        return float(value) + 0.0

    return check


def percentage(*, zero: bool = False) -> Check[float]:
    """A percentage above zero; with `zero`, zero is allowed too."""

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
    """Text that matches a pattern as a whole."""

    def check(value: object) -> str:
        if not isinstance(value, str) or re.fullmatch(pattern, value, re.ASCII) is None:
            raise Unfit(expected)
        return value

    return check


def one_of(*words: str) -> Check[str]:
    """One of these words."""
    return matching("|".join(map(re.escape, words)), f"one of {', '.join(words)}")


def each(check: Check[str], expected: str, *, minimum: int = 0) -> Check[tuple[str, ...]]:
    """A list of texts that all pass a check."""

    def checks(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) < minimum:
            raise Unfit(f"a list of {expected}")
        try:
            return tuple(check(one) for one in value)
        except Unfit:
            wrong = next(one for one in value if not _passes(check, one))
            raise Unfit(f"a list of {expected} (not {shown(wrong)})") from None

    return checks


def flag(value: object) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise Unfit("true or false")
    return value


def span(value: object) -> int:
    """The seconds of a time as "3 days"."""
    try:
        return parse_span(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Unfit(f"{error}, in quotes") from None


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


def shown(value: object) -> str:
    """A value as an error quotes it: short."""
    try:
        text = repr(value)
    except ValueError:
        # Python writes no number of more than 4,300 digits in decimal; TOML may have a hexadecimal one.
        text = "a number that is too long"
    return text if len(text) <= 60 else f"{text[:57]}..."
