"""A length of time as people write it: `3 days`, `12 hours`, `1 week`, `7d`. Pure.

Leaves to others: which field or option it was written in, and the error that names it.
"""

import re

MAX_SPAN_S = 31_622_400
"""366 days: the most that a manifest can say."""

EXPECTED = 'a time as "3 days": a number of minutes, hours, days or weeks, at most 366 days'
"""What an error says was expected."""

_UNITS_S = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_LETTERS = {unit[0]: unit for unit in _UNITS_S}
_SPAN = re.compile(rf"([1-9][0-9]{{0,7}}) ?(?:({'|'.join(_UNITS_S)})s?|([{''.join(_LETTERS)}]))", re.ASCII)


def parse_span(text: str) -> int:
    """The seconds that `N seconds`, `minutes`, `hours`, `days` or `weeks` are, from 1 to 366 days; `7d` is `7 days`.

    *Raises* ValueError, whose text is EXPECTED.
    """
    found = _SPAN.fullmatch(text.strip(" "))
    seconds = int(found[1]) * _UNITS_S[found[2] or _LETTERS[found[3]]] if found else 0
    if not 0 < seconds <= MAX_SPAN_S:
        raise ValueError(EXPECTED)
    return seconds


def span_in_words(seconds: int) -> str:
    """The same time in the largest unit that divides it: 86,400 is `1 day`. `parse_span` reads it."""
    unit, unit_s = next((unit, unit_s) for unit, unit_s in _UNITS_S.items() if seconds % unit_s == 0)
    count = seconds // unit_s
    return f"{count} {unit}{'' if count == 1 else 's'}"
