"""What lies on a disk, read from outside: the bytes of slots, and of the values that are kept in two copies.

Written from docs/design.md, with none of the code under test, so that a mistake there is not repeated here.
"""

from __future__ import annotations

import json
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sweeps.powercut.scenarios import IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    Content = Callable[[str], bytes | None]

HOME = "/device/home"
SLOTS = 2
PAIRS = ("record", "journal", *(f"slot-{slot}.seal" for slot in range(SLOTS)))
"""The values that are kept in two copies."""

_NAMES = {image.content: image.name for image in IMAGES}
_HEAD = struct.Struct("<4sQH")
_NONE = 0xFF


class Seen(NamedTuple):
    """The boot record."""

    confirmed_slot: int
    boot_slot: int
    trial_slot: int | None
    attempts_spent: int

    @property
    def is_on_trial(self) -> bool:
        """Whether the image on trial starts next."""
        return self.trial_slot is not None and self.trial_slot == self.boot_slot


def image_name(content: Content, slot: int) -> str | None:
    """Which published image a slot holds, byte for byte; None for anything else."""
    return _NAMES.get(content(f"{HOME}/slot-{slot}.img") or b"")


def slot_size_bytes(content: Content) -> object:
    """The size of a slot, by the geometry; None if that cannot be read."""
    try:
        return json.loads(content(f"{HOME}/slots.json") or b"")["slot_size_bytes"]
    except (ValueError, KeyError, TypeError):
        return None


def is_sealed(content: Content, slot: int) -> bool:
    """Whether a slot has a seal that is not broken."""
    return bool(value(content, f"slot-{slot}.seal"))


def record(content: Content) -> Seen | None:
    """The boot record that counts; None if neither copy is whole."""
    payload = value(content, "record")
    if payload is None or len(payload) < 5:
        return None
    _, confirmed, boot, trial, attempts = struct.unpack("<BBBBB", payload[:5])
    return Seen(confirmed, boot, None if trial == _NONE else trial, attempts)


def value(content: Content, name: str) -> bytes | None:
    """The newest whole copy of a value; None if there is none."""
    whole = [copy for copy in (_whole(content(f"{HOME}/{name}-{n}") or b"") for n in (0, 1)) if copy is not None]
    return max(whole)[1] if whole else None


@lru_cache(maxsize=100_000)
def _whole(cell: bytes) -> tuple[int, bytes] | None:
    """The sequence number and payload of a copy; None if its CRC says that it is none."""
    if len(cell) < _HEAD.size + 4:
        return None
    _, sequence, length = _HEAD.unpack_from(cell)
    end = _HEAD.size + length
    if not sequence or end + 4 > len(cell) or struct.unpack_from("<I", cell, end)[0] != zlib.crc32(cell[:end]):
        return None
    return sequence, cell[_HEAD.size : end]
