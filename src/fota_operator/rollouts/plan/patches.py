"""The patches that a plan asks for: from which versions, how many, and whether the whole image may travel after all.

Leaves to others: which images these are, and making the patches (`rollouts.patches`).
"""

from __future__ import annotations

from dataclasses import dataclass

from fota_operator.rollouts.plan import fields as read
from fota_operator.rollouts.plan.fields import Fields, Unfit

FIELD = "field"
"""From what the things of the rollout run, the most frequent first."""
MAX_COUNT = 8
"""A device reads no more of a job document."""
MAX_NAMED = 64
"""How many versions may be named; those that most things run come first."""
ALWAYS, NEVER = "always", "never"
_MAX_BYTES = 2**31 - 1
PATCH_FIELDS = ("from", "max", "whole")
_VERSION = read.matching("[!-~]([ -~]{0,62}[!-~])?", "a version, or the SHA-256 of an image")


@dataclass(frozen=True)
class PlannedPatches:
    """`sources`: versions and SHA-256 of images; None means FIELD. `count`: no more patches than this.

    `whole`: ALWAYS, NEVER, or the number of bytes up to which a device may fetch the whole image.
    """

    sources: tuple[str, ...] | None = None
    count: int = MAX_COUNT
    whole: str | int = ALWAYS


def patches_of(fields: Fields) -> PlannedPatches:
    """What the table `patches` of a plan says. *Raises* BadInput."""
    return PlannedPatches(
        sources=fields.take("from", _sources, None),
        count=fields.take("max", read.whole(1, MAX_COUNT), MAX_COUNT),
        whole=fields.take("whole", _whole, PlannedPatches.whole),
    )


def patches_table(patches: PlannedPatches) -> dict[str, object]:
    """The table, with every default written out."""
    named = FIELD if patches.sources is None else list(patches.sources)
    return {"from": named, "max": patches.count, "whole": patches.whole}


def _sources(value: object) -> tuple[str, ...] | None:
    if value == FIELD:
        return None
    expected = f'"{FIELD}", or a list of at most {MAX_NAMED} versions'
    try:
        # The order has no meaning: what most things run comes first.
        named = tuple(sorted(set(read.each(_VERSION, "versions")(value))))
    except Unfit:
        raise Unfit(expected) from None
    if len(named) > MAX_NAMED:
        raise Unfit(expected)
    return named


def _whole(value: object) -> str | int:
    if value in (ALWAYS, NEVER) and isinstance(value, str):
        return value
    try:
        return read.whole(1, _MAX_BYTES)(value)
    except Unfit:
        raise Unfit(f'"{ALWAYS}", "{NEVER}" or a number of bytes') from None
