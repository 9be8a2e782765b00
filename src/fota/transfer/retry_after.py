"""For how long a busy server asks to be left alone: Retry-After, RFC 9110, section 10.2.3.

The caller decides how far that is obeyed, and imports this only for an answer that has that field.
"""

import time

from fota.fields import whole_number

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def wait_s(text: str, date: "str | None") -> int:
    """The seconds that a value of Retry-After asks for; 0 for a time that is past, or a text that is neither form.

    `date` is the Date of the same answer. A point in time is compared with it, so that the clock of the device does
    not matter; only without it that clock is asked.
    """
    text = text.strip()
    seconds = whole_number(text)
    if seconds is not None:
        return seconds
    until_s = _seconds(text)
    if until_s is None:
        return 0
    now_s = _seconds(date or "")
    if now_s is None:
        now_s = _since_year_0(*time.gmtime()[:6])
    return max(0, until_s - now_s)


def _seconds(text: str) -> "int | None":
    """A point in time as seconds, in any of the three forms that RFC 9110, section 5.6.7 has; None for other texts.

    They are `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    """
    words = text.replace(",", " ").replace("-", " ").split()
    if len(words) == 5:
        month, day, clock, year = words[1:]
    elif len(words) == 6 and words[5] == "GMT":
        day, month, year, clock = words[1:5]
    else:
        return None
    numbers = [whole_number(word) for word in f"{year}:{day}:{clock}".split(":")]
    place = _MONTHS.find(month)
    if len(numbers) != 5 or None in numbers or len(month) != 3 or place % 3:
        return None
    years, days, hours, minutes, seconds = [number or 0 for number in numbers]
    if not 0 < days < 32 or hours > 23 or minutes > 59 or seconds > 60:
        return None
    if len(year) == 2:
        years += 1900 if years >= 70 else 2000
    return _since_year_0(years, place // 3 + 1, days, hours, minutes, seconds)


def _since_year_0(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    # Years are counted from March on: a leap day is then the last of its year, and 153 days are five months.
    year -= month < 3
    month = (month + 9) % 12
    days = year * 365 + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day
    return ((days * 24 + hour) * 60 + minute) * 60 + second
