"""Faults of the storage (I12): a copy of a value, both its copies, or an image is destroyed while the power is off.

A true report is not possible after that, so the oracle asks less of a damaged device: it boots a published image,
does not write to the running one, and comes to rest.
"""

from __future__ import annotations

import random

from fota_testing.posix.changes import folder_of
from fota_testing.posix.disk import Disk
from sweeps.powercut import seen

_MORE = b"import os\n"
"""A file that somebody has put into a tree."""

KINDS = ("zeros", "ones", "noise", "short", "gone")
ROT = ("first", "last", "short", "gone")
"""Damage to an image: a bit of its first byte or of its last has changed, or much of it is missing."""

TRUST_KINDS = {
    "keyring": ("noise", "short", "empty", "gone"),
    "floor": ("noise", "gone"),
    **dict.fromkeys((f"slot-{slot}.release" for slot in range(seen.SLOTS)), ("noise", "gone")),
}
"""Damage to signed values. An empty keyring is one more case: the device must not take it for no keyring."""

EVERY_TREE = "every-tree"
"""All copies of what says that a tree is whole, in all slots."""

EVERY_SEAL, EVERYTHING_KNOWN = "every-seal", "every-seal-and-record"
"""All copies of all seals, and of the record too: a repair of the file system can cost that. See ADR 17."""

_PARTS = {
    "program": "tree/app/__main__.py",
    "package": "tree/lib/core.so",
    "more": "tree/lib/more.py",
    "unpacked": "tree",
}
"""What of a tree may be destroyed, or added, by a name without a slash."""

_PART_KINDS = {"program": ("first", "gone"), "package": ("last", "short"), "more": ("more",), "unpacked": ("gone",)}
_TREE_KINDS = ("noise", "gone")

_SEALS = tuple(f"slot-{slot}.seal" for slot in range(seen.SLOTS))
_TREES = tuple(f"slot-{slot}.tree" for slot in range(seen.SLOTS))
_GROUPS = {EVERY_TREE: _TREES, EVERY_SEAL: _SEALS, EVERYTHING_KNOWN: (*_SEALS, "record")}

_BOTH = ("record", "journal", *TRUST_KINDS, *_TREES)
_KINDS_OF_VALUES = {name: _TREE_KINDS if name in _TREES else TRUST_KINDS.get(name, KINDS) for name in seen.PAIRS}

TARGETS = {
    **{f"{name}-{copy}": kinds for name, kinds in _KINDS_OF_VALUES.items() for copy in (0, 1)},
    **{name: _KINDS_OF_VALUES[name] for name in _BOTH},
    **dict.fromkeys((f"slot-{slot}.img" for slot in range(seen.SLOTS)), ROT),
    **dict.fromkeys((f"slot-{slot}.files" for slot in range(seen.SLOTS)), _TREE_KINDS),
    **{f"slot-{slot}.{part}": kinds for part, kinds in _PART_KINDS.items() for slot in range(seen.SLOTS)},
    EVERY_TREE: ("noise",),
    EVERY_SEAL: ("noise",),
    EVERYTHING_KNOWN: ("noise", "gone"),
}
"""What may be destroyed, and how; a name without a number is both copies of a value, or of several."""

_ALL = frozenset(f"{target}={kind}" for target, kinds in TARGETS.items() for kind in kinds)


def harms(disk: Disk) -> list[str]:
    """The names of all damage that changes this disk."""
    found = [target for target in TARGETS if any(_is_there(disk, path) for path in _paths(target))]
    return [f"{target}={kind}" for target in found for kind in TARGETS[target]]


def harms_to_one_copy(disk: Disk) -> list[str]:
    """The names of the damage to one copy of a signed value."""
    return [harm for harm in harms(disk) if harm.endswith(("-0=noise", "-1=noise")) and harm[:-8] in TRUST_KINDS]


def done(disk: Disk, harm: str) -> Disk:
    """The disk with one harm done to it. *Raises* ValueError."""
    if harm not in _ALL:
        raise ValueError(f"{harm}: no harm that is known; expected one of {', '.join(sorted(_ALL))}")
    target, _, kind = harm.partition("=")
    names, contents = dict(disk.names), dict(disk.contents)
    for path in _paths(target):
        if kind == "gone":
            names = {name: file for name, file in names.items() if name != path and not name.startswith(path + "/")}
        elif kind == "more" and folder_of(path) in names:
            names[path] = max(contents) + 1
            contents[names[path]] = _MORE
        elif path in names:
            contents[names[path]] = _spoilt(contents[names[path]], kind)
    return Disk(names, contents)


def _is_there(disk: Disk, path: str) -> bool:
    """Whether there is something to destroy, or a folder to which something can be added."""
    return path in disk.names or (path.endswith(_PARTS["more"]) and folder_of(path) in disk.names)


def _paths(target: str) -> list[str]:
    values = _GROUPS.get(target, (target,) if target in _BOTH else ())
    copies = [f"{value}-{copy}" for value in values for copy in (0, 1)]
    slot, _, part = target.partition(".")
    if part in _PARTS:
        return [f"{seen.HOME}/{slot}.{_PARTS[part]}"]
    return [f"{seen.HOME}/{copy}" for copy in copies or (target,)]


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
