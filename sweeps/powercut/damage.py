"""I12: one of two copies is destroyed while the power is off, by whatever cause; or both.

What was lost cannot be told truly any more, so that of a damaged device less is asked: it boots a published image,
touches no running one, and comes to rest.
"""

from __future__ import annotations

import random

from sweeps.powercut import seen

from fota_testing.posix_disk import Disk

KINDS = ("zeros", "ones", "noise", "short", "gone")
TARGETS = ("record-0", "record-1", "record", "journal-0", "journal-1", "journal")


def harms() -> list[str]:
    """Every one of them, by name."""
    return [f"{target}={kind}" for target in TARGETS for kind in KINDS]


def done(disk: Disk, harm: str) -> Disk:
    """The disk with one harm done to it. *Raises* ValueError."""
    target, _, kind = harm.partition("=")
    if target not in TARGETS or kind not in KINDS:
        raise ValueError(f"{harm}: no harm that is known; expected one of {', '.join(harms())}")
    names, contents = dict(disk.names), dict(disk.contents)
    for copy in (target,) if target[-1].isdigit() else (f"{target}-0", f"{target}-1"):
        path = f"{seen.HOME}/{copy}"
        if kind == "gone":
            names.pop(path, None)
        elif path in names:
            contents[names[path]] = _spoilt(contents[names[path]], kind)
    return Disk(names, contents)


def _spoilt(content: bytes, kind: str) -> bytes:
    if kind == "short":
        return content[:7]
    if kind == "noise":
        return random.Random(0).randbytes(len(content))
    return (b"\xff" if kind == "ones" else b"\0") * len(content)
