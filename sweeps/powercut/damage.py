"""I12: one of two copies is destroyed while the power is off, by whatever cause; or both.

What was lost cannot be told truly any more, so that of a damaged device less is asked: it boots a published image,
touches no running one, and comes to rest.
"""

from __future__ import annotations

import random

from sweeps.powercut import seen

from fota_testing.posix_disk import Disk

KINDS = ("zeros", "ones", "noise", "short", "gone")
ROT = ("first", "last", "short", "gone")
"""Of an image: a bit of its first byte, or of its last, has changed; or much of it is missing."""

TARGETS = {
    **dict.fromkeys(("record-0", "record-1", "record", "journal-0", "journal-1", "journal"), KINDS),
    **dict.fromkeys((f"slot-{slot}.{name}" for slot in range(seen.SLOTS) for name in ("seal-0", "seal-1")), KINDS),
    **dict.fromkeys((f"slot-{slot}.img" for slot in range(seen.SLOTS)), ROT),
}
"""What may be destroyed, and how; `record` and `journal` are both copies."""


def harms() -> list[str]:
    """Every one of them, by name."""
    return [f"{target}={kind}" for target, kinds in TARGETS.items() for kind in kinds]


def done(disk: Disk, harm: str) -> Disk:
    """The disk with one harm done to it. *Raises* ValueError."""
    if harm not in harms():
        raise ValueError(f"{harm}: no harm that is known; expected one of {', '.join(harms())}")
    target, _, kind = harm.partition("=")
    names, contents = dict(disk.names), dict(disk.contents)
    for copy in (f"{target}-0", f"{target}-1") if target in {"record", "journal"} else (target,):
        path = f"{seen.HOME}/{copy}"
        if kind == "gone":
            names.pop(path, None)
        elif path in names:
            contents[names[path]] = _spoilt(contents[names[path]], kind)
    return Disk(names, contents)


def _spoilt(content: bytes, kind: str) -> bytes:
    if kind == "short" or not content:
        return content[:7]
    if kind == "noise":
        return random.Random(0).randbytes(len(content))
    if kind in ROT:
        at = 0 if kind == "first" else len(content) - 1
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    return (b"\xff" if kind == "ones" else b"\0") * len(content)
