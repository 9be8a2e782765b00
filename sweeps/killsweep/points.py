"""What can be done to an update, and where, as pure values; and the order in which a sweep takes them.

This module uses no strace, no processes and no cloud.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BOOT = "boot"
OLD_MAIN = "old-main"
OLD_NETWORK = "old-network"
NEW_MAIN = "new-main"
NEW_NETWORK = "new-network"
ROLES = (BOOT, OLD_MAIN, OLD_NETWORK, NEW_MAIN, NEW_NETWORK)
"""Who makes a call: `fota-boot`, or one of the two threads of the image before or after the update."""

HOME = "home"
SOCKET = "socket"
ELSEWHERE = "elsewhere"
PLACES = (HOME, SOCKET, ELSEWHERE)
"""What a call touches; elsewhere are the interpreter's own files: modules, certificates, zone data."""

CUT = "cut"
CRASH = "crash"
EIO = "eio"
ENOSPC = "enospc"
EFFECTS = (CUT, CRASH, EIO, ENOSPC)
"""What happens at a call.

cut: SIGKILL before the call is made, and in the same moment for all other processes of the device, like a power cut.
crash: SIGKILL before the call is made, for the firmware alone; `fota-boot` goes on.
eio, enospc: the call does nothing and fails, once; everything goes on.
"""

STORING = frozenset(
    (
        *("write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "fallocate"),
        *("fsync", "fdatasync", "sync_file_range"),
        *("rename", "renameat", "renameat2"),
    )
)
"""The calls that a disk can fail: to write, to flush, to rename."""


@dataclass(frozen=True)
class Call:
    """The `number`-th call (from 1) of one name, by one role, among those that touch one place."""

    role: str
    place: str
    name: str
    number: int


@dataclass(frozen=True)
class Point:
    """One thing that is done at one call."""

    effect: str
    call: Call

    def __str__(self) -> str:
        return f"{self.effect}:{self.call.role}:{self.call.place}:{self.call.name}:{self.call.number}"

    @property
    def stratum(self) -> tuple[str, str, str, str]:
        """The points that are alike but for their number."""
        return self.effect, self.call.role, self.call.place, self.call.name


def parse(text: str) -> Point:
    """The point that `str` wrote. *Raises* ValueError."""
    effect, role, place, name, number = text.split(":") if text.count(":") == 4 else [""] * 5
    if effect not in EFFECTS or role not in ROLES or place not in PLACES or not number.isdigit():
        raise ValueError(f"expected EFFECT:ROLE:PLACE:CALL:NUMBER, as the sweep prints it, got {text!r}")
    return Point(effect, Call(role, place, name, int(number)))


def points_of(calls: Sequence[Call]) -> Iterator[Point]:
    """All that can be done to an update that makes these calls."""
    for call in calls:
        yield Point(CUT, call)
        if call.role != BOOT:
            yield Point(CRASH, call)
        if call.place == HOME and call.name in STORING:
            yield Point(EIO, call)
            yield Point(ENOSPC, call)


def in_order(points: Sequence[Point], seed: int) -> list[Point]:
    """Every point once, so that any beginning of the list is spread over all strata.

    Points at the interpreter's own files come last: thousands, and alike.
    """
    shuffled = list(points)
    random.Random(seed).shuffle(shuffled)
    rank: dict[tuple[str, str, str, str], int] = {}
    ranked = []
    for point in shuffled:
        position = rank[point.stratum] = rank.get(point.stratum, 0) + 1
        ranked.append((point.call.place == ELSEWHERE, position, point))
    return [point for _, _, point in sorted(ranked, key=lambda one: one[:2])]
