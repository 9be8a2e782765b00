"""CPython's half of `window`: time zones by their names."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def offsets_of(name: "str | None") -> "Callable[[int], int]":
    """How far local time is ahead of UTC there, in seconds, at a moment. *Raises* ValueError for an unknown zone."""
    if name == "UTC":
        # Known without a time zone database, which small containers lack.
        return lambda _: 0
    try:
        if type(name) is not str:
            raise ValueError
        zone = ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError(
            f"zone: expected the name of a time zone, such as Europe/Rome, got {name!r}; "
            "if the name is right, this machine has no time zones: install the package tzdata"
        )

    def offset_at(moment_s: int) -> int:
        offset = datetime.fromtimestamp(moment_s, zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    return offset_at
