"""Updates that devices put off: what a device says of it, what that means, and how many do so for which reason. Pure.

A device that puts an update off is IN_PROGRESS, with the detail `step: deferred`: it has neither failed nor hung.
Leaves to others: reading AWS (`progress`, `rollouts.aws.deferrals`), and the words of a policy (`fota.policy`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from fota_operator.jobs.reasons import Meaning, meaning

STEP = "deferred"
MAX_KINDS = 8
"""How many reasons are counted apart, the most frequent ones."""
MAX_AGAIN_DIGITS = 11
NO_REASON = "none-given"
DEFERRED_TOO_LONG = "deferred-too-long"
"""The reason given for a time-out that came while the device put the update off."""

BEFORE_THE_DOWNLOAD = Meaning(
    "the device puts the update off, and has downloaded nothing of it or only a part",
    "wait: it asks its program again by itself, and begins in any case when the time is over that was signed "
    "with the release; if it must not wait, offer one made by `fota release create ... urgency=now`",
)
BEFORE_THE_RESTART = Meaning(
    "the image is installed and verified, and the device puts off the restart into it", BEFORE_THE_DOWNLOAD.remedy
)
TIMED_OUT = Meaning(
    "the device put the update off for longer than the job allows",
    "start the job again without `timeout_minutes`, or with more; sign with `within` for how long a device may wait",
)
"""A job's time does not know of deferrals, and AWS does not prolong it."""

_MEANINGS = {"download": BEFORE_THE_DOWNLOAD, "restart": BEFORE_THE_RESTART}


@dataclass(frozen=True)
class SaidDeferral:
    """What a device says when it puts an update off: before what, why, and when it asks its program again."""

    moment: str
    reason: str
    again_at: datetime | None


@dataclass(frozen=True)
class DeferralKind:
    """Things that put an update off for one reason, before one moment; `example` is one of them."""

    moment: str
    reason: str
    count: int
    example: str


@dataclass(frozen=True)
class CountedDeferrals:
    """How many things put an update off, of those `looked_at` among all that are `in_progress`.

    `kinds` are the most frequent reasons, MAX_KINDS of them. `last_at` is when the last of these things must have
    taken the update; None if the release lets a device put it off without end.
    """

    count: int
    looked_at: int
    in_progress: int
    kinds: tuple[DeferralKind, ...]
    last_at: datetime | None = None


def deferral_in(status: str, details: Mapping[str, str]) -> SaidDeferral | None:
    """The deferral that the status and the details of a job execution tell of; None: it is not put off."""
    if status != "IN_PROGRESS" or details.get("step") != STEP:
        return None
    return SaidDeferral(
        details.get("moment", "download"), details.get("reason", NO_REASON), _moment(details.get("again_at", ""))
    )


def counted(
    said: Sequence[tuple[str, datetime | None, SaidDeferral | None]], in_progress: int, within_s: int | None
) -> CountedDeferrals | None:
    """Count what things said: name, when its execution was queued, and its deferral. None if none puts it off.

    `within_s`: for how long the release lets a device put it off; None and 0: that is not known, or without end.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    queued: list[datetime] = []
    for thing, queued_at, deferral in said:
        if deferral is not None:
            groups.setdefault((deferral.moment, deferral.reason), []).append(thing)
            if queued_at is not None:
                queued.append(queued_at)
    if not groups:
        return None
    kinds = [DeferralKind(*kind, len(things), things[0]) for kind, things in groups.items()]
    kinds.sort(key=lambda one: (-one.count, one.reason, one.moment))
    return CountedDeferrals(
        count=sum(one.count for one in kinds),
        looked_at=len(said),
        in_progress=max(in_progress, len(said)),
        kinds=tuple(kinds[:MAX_KINDS]),
        last_at=max(queued) + timedelta(seconds=within_s) if within_s and queued else None,
    )


def told_meaning(status: str, details: Mapping[str, str]) -> Meaning:
    """What the status and the details of a job execution mean, deferrals included."""
    if was_deferred_too_long(status, details):
        return TIMED_OUT
    deferral = deferral_in(status, details)
    if deferral is None:
        return meaning(status, details)
    return _MEANINGS.get(deferral.moment, BEFORE_THE_DOWNLOAD)


def was_deferred_too_long(status: str, details: Mapping[str, str]) -> bool:
    """Whether the time of the job ended while the device put the update off."""
    return status == "TIMED_OUT" and details.get("step") == STEP


def _moment(text: str) -> datetime | None:
    """The moment that seconds since 1970 say; None for anything else: it is what a device sent."""
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_AGAIN_DIGITS:
        return None
    return datetime.fromtimestamp(int(text), timezone.utc)
