"""Which way the image came to devices that were offered patches, and why the others took it whole. Pure.

Devices say so in the details of their jobs. Leaves to others: asking AWS (`progress`, `rollouts.aws.ways`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

PATCH, COMPRESSED, WHOLE = "patch", "compressed", "whole"
_WAYS = {PATCH: "a patch", COMPRESSED: "the compressed image", WHOLE: "the whole image"}
_WHYS = {
    "no-patch-fits": "no patch starts from what it ran",
    "no-room": "no room for the patch",
    "patch-failed": "the patch could not be applied",
    "cannot-patch": "its board takes no patches",
}
_MAX_DIGITS = 10


@dataclass(frozen=True)
class SaidWay:
    """How the image came: `way` is PATCH, COMPRESSED or WHOLE; `why` it came whole; `patch_bytes` that travelled."""

    way: str
    why: str | None = None
    patch_bytes: int | None = None


@dataclass(frozen=True)
class CountedWay:
    """Devices to which the image came in one way; `example` is one of them, `patch_bytes` the most of any."""

    way: str
    why: str | None
    count: int
    example: str
    patch_bytes: int | None = None


@dataclass(frozen=True)
class CountedWays:
    """The ways of those devices that were looked at, the most frequent first.

    `succeeded`: how many succeeded in all, those included that were not looked at.
    """

    looked_at: int
    succeeded: int
    kinds: tuple[CountedWay, ...]


def way_in(details: Mapping[str, str]) -> SaidWay | None:
    """What a device said of it; None if it said nothing, or what no device says."""
    way, why, size = details.get("way"), details.get("why"), details.get("patch_bytes", "")
    if way not in _WAYS:
        return None
    known = size.isdecimal() and size.isascii() and len(size) <= _MAX_DIGITS
    return SaidWay(way, why if way == WHOLE and why in _WHYS else None, int(size) if known and way != WHOLE else None)


def counted_ways(said: Iterable[tuple[str, SaidWay | None]], looked_at: int, succeeded: int) -> CountedWays | None:
    """The ways of devices, by their names; None if none says any."""
    kinds: dict[tuple[str, str | None], list[tuple[str, SaidWay]]] = {}
    for thing, way in said:
        if way is not None:
            kinds.setdefault((way.way, way.why), []).append((thing, way))
    if not kinds:
        return None
    counted = [
        CountedWay(way, why, len(ones), ones[0][0], max((one.patch_bytes or 0 for _, one in ones), default=0) or None)
        for (way, why), ones in kinds.items()
    ]
    ordered = sorted(counted, key=lambda one: (-one.count, one.way, one.why or ""))
    return CountedWays(looked_at, succeeded, tuple(ordered))


class LookedAt(Protocol):
    """A job execution, of `progress`, which asks AWS: this file is pure."""

    @property
    def thing(self) -> str:
        """Its thing."""

    @property
    def status(self) -> str:
        """Its status."""

    @property
    def details(self) -> Mapping[str, str]:
        """What its device said; empty if it was not looked at."""


def ways_of(executions: Iterable[LookedAt]) -> CountedWays | None:
    """The ways of the devices of a job that succeeded and were looked at; None if none says any."""
    succeeded = [one for one in executions if one.status == "SUCCEEDED"]
    looked_at = [one for one in succeeded if one.details]
    return counted_ways(((one.thing, way_in(one.details)) for one in looked_at), len(looked_at), len(succeeded))


def way_in_words(said: SaidWay) -> str:
    """How the image came to one device, as the end of a sentence: `a patch of 4,096 bytes`."""
    size = "" if said.patch_bytes is None else f" of {said.patch_bytes:,} bytes"
    why = "" if said.why is None else f": {_WHYS[said.why]}"
    return f"{_WAYS[said.way]}{size}{why}"


def ways_in_words(ways: CountedWays) -> str:
    """One line: `20 by a patch of at most 4,096 bytes, 2 by the whole image: no room for the patch, such as t-7`."""
    parts = []
    for one in ways.kinds:
        size = "" if one.patch_bytes is None else f" of at most {one.patch_bytes:,} bytes"
        why = "" if one.why is None else f" ({_WHYS[one.why]}, such as {one.example})"
        parts.append(f"{one.count} by {_WAYS[one.way]}{size}{why}")
    sample = "" if ways.looked_at == ways.succeeded else f"; {ways.looked_at} of {ways.succeeded} were looked at"
    return f"{', '.join(parts)}{sample}"
