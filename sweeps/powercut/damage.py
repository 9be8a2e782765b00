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

TRUST_KINDS = {
    "keyring": ("noise", "short", "empty", "gone"),
    "floor": ("noise", "gone"),
    **dict.fromkeys((f"slot-{slot}.release" for slot in range(seen.SLOTS)), ("noise", "gone")),
}
"""Of what is signed. An empty keyring is one case more: it must not be taken for none."""

_BOTH = ("record", "journal", *TRUST_KINDS)
_KINDS_OF_VALUES = {name: TRUST_KINDS.get(name, KINDS) for name in seen.PAIRS}

TARGETS = {
    **{f"{name}-{copy}": kinds for name, kinds in _KINDS_OF_VALUES.items() for copy in (0, 1)},
    **{name: _KINDS_OF_VALUES[name] for name in _BOTH},
    **dict.fromkeys((f"slot-{slot}.img" for slot in range(seen.SLOTS)), ROT),
}
"""What may be destroyed, and how; a name without a number is both copies of a value."""

_ALL = frozenset(f"{target}={kind}" for target, kinds in TARGETS.items() for kind in kinds)


def harms(disk: Disk) -> list[str]:
    """Every one of them that does something to this disk, by name."""
    found = [target for target in TARGETS if any(path in disk.names for path in _paths(target))]
    return [f"{target}={kind}" for target in found for kind in TARGETS[target]]


def harms_to_one_copy(disk: Disk) -> list[str]:
    """Those of what is signed that leave the other copy."""
    return [harm for harm in harms(disk) if harm.endswith(("-0=noise", "-1=noise")) and harm[:-8] in TRUST_KINDS]


def done(disk: Disk, harm: str) -> Disk:
    """The disk with one harm done to it. *Raises* ValueError."""
    if harm not in _ALL:
        raise ValueError(f"{harm}: no harm that is known; expected one of {', '.join(sorted(_ALL))}")
    target, _, kind = harm.partition("=")
    names, contents = dict(disk.names), dict(disk.contents)
    for path in _paths(target):
        if kind == "gone":
            names.pop(path, None)
        elif path in names:
            contents[names[path]] = _spoilt(contents[names[path]], kind)
    return Disk(names, contents)


def _paths(target: str) -> list[str]:
    return [f"{seen.HOME}/{copy}" for copy in ((f"{target}-0", f"{target}-1") if target in _BOTH else (target,))]


def _spoilt(content: bytes, kind: str) -> bytes:
    if kind == "empty":
        return b""
    if kind == "short" or not content:
        return content[:7]
    if kind == "noise":
        return random.Random(0).randbytes(len(content))
    if kind in ROT:
        at = 0 if kind == "first" else len(content) - 1
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    return (b"\xff" if kind == "ones" else b"\0") * len(content)
