"""Reads the disk of a device from outside: the slots, and the values that are kept in two copies.

This file was written from docs/design.md and uses none of the code under test, so it does not repeat a mistake there.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sweeps.powercut import signing
from sweeps.powercut.scenarios import IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Content = Callable[[str], bytes | None]

HOME = "/device/home"
SLOTS = 2
_BESIDE_SLOTS = tuple(f"slot-{slot}.{what}" for slot in range(SLOTS) for what in ("seal", "release", "tree"))
PAIRS = ("record", "journal", "keyring", "floor", *_BESIDE_SLOTS)
"""The values that are kept in two copies."""

_MAGICS = {
    "record": b"FREC",
    "journal": b"FJNL",
    "keyring": b"FKEY",
    "floor": b"FLOR",
    "seal": b"SEAL",
    "release": b"RELS",
    "tree": b"TREE",
}
_NAMES = {image.content: image.name for image in IMAGES}
_TREES = {image.name: image.tree for image in IMAGES}
_HEAD = struct.Struct("<4sQH")
_NONE = 0xFF


class Seen(NamedTuple):
    """The boot record."""

    confirmed_slot: int
    boot_slot: int
    trial_slot: int | None
    attempts_spent: int
    fallback_slot: int | None
    """The slot that the confirmed image goes back to in its probation."""

    @property
    def is_on_trial(self) -> bool:
        """Whether the image on trial starts next."""
        return self.trial_slot is not None and self.trial_slot == self.boot_slot

    @property
    def trial_that_begins(self) -> int | None:
        """The slot whose trial begins with this record; None if none does."""
        return self.trial_slot if self.is_on_trial and not self.attempts_spent else None


class Floor(NamedTuple):
    """How far the device has come: the mark, the security version that is demanded."""

    seq: int
    secver: int


NOTHING_REACHED = Floor(0, 0)


class Claim(NamedTuple):
    """The release that is kept beside a slot."""

    seq: int
    secver: int
    is_of_the_image: bool
    """Whether it is a claim about the very bytes that the slot holds."""
    signers: frozenset[str]


class Keyring(NamedTuple):
    """Which keys the device trusts."""

    version: int
    keys: frozenset[str]


def image_name(content: Content, slot: int) -> str | None:
    """Which published image a slot holds, byte for byte; None for anything else."""
    return _NAMES.get(content(f"{HOME}/slot-{slot}.img") or b"")


def tree(paths: Iterable[str], content: Content, slot: int) -> dict[str, bytes | None]:
    """All that is below the tree of a slot, by path, with None for a folder; empty if there is nothing."""
    top = f"{HOME}/slot-{slot}.tree/"
    return {path[len(top) :]: content(path) for path in paths if path.startswith(top)}


def tree_of(name: str) -> dict[str, bytes | None]:
    """What the tree of an image must hold; empty for one that starts from its file."""
    return _TREES[name]


def names_its_tree(content: Content, slot: int) -> bool:
    """Whether the value beside a slot names its list of files and its image, as they are."""
    files, image = (_sha256_bytes(content(f"{HOME}/slot-{slot}.{what}") or b"") for what in ("files", "img"))
    return value(content, f"slot-{slot}.tree") == files + image


def slot_size_bytes(content: Content) -> object:
    """The size of a slot, by the geometry; None if that cannot be read."""
    try:
        return json.loads(content(f"{HOME}/slots.json") or b"")["slot_size_bytes"]
    except (ValueError, KeyError, TypeError):
        return None


def is_sealed(content: Content, slot: int) -> bool:
    """Whether a slot has an intact seal."""
    return bool(value(content, f"slot-{slot}.seal"))


def is_whole_copy(content: Content, file: str) -> bool:
    """Whether this file, such as `slot-1.seal-0`, is a whole copy of a value."""
    return _whole(_MAGICS[file.rpartition(".")[2].partition("-")[0]], content(f"{HOME}/{file}") or b"") is not None


def record(content: Content) -> Seen | None:
    """The boot record that counts; None if neither copy is whole."""
    payload = value(content, "record")
    if payload is None or len(payload) < 5:
        return None
    _, confirmed, boot, trial, attempts = struct.unpack("<BBBBB", payload[:5])
    fallback = payload[6] if payload[0] >= 2 and len(payload) > 6 else _NONE
    return Seen(
        confirmed,
        boot,
        None if trial == _NONE else trial,
        attempts,
        None if fallback == _NONE else fallback,
    )


def floor(content: Content) -> Floor:
    """The floor that counts; that of a device that has reached nothing if neither copy is whole."""
    payload = value(content, "floor")
    if payload is None:
        return NOTHING_REACHED
    _, seq, _, secver, _ = json.loads(payload)
    return Floor(seq, secver)


def keyring(content: Content) -> Keyring | None:
    """The keyring that counts; None if neither copy is whole."""
    payload = value(content, "keyring")
    if payload is None:
        return None
    fields = json.loads(payload)
    return Keyring(fields["version"], frozenset(fields["keys"]))


def fetched_bytes(content: Content) -> int:
    """The bytes of this month in the account of the journal."""
    count: int = json.loads(value(content, "journal") or b"{}").get("fetched", [0] * 4)[3]
    return count


def claim(content: Content, slot: int) -> Claim | None:
    """The release beside a slot; None if neither copy is whole, or if its envelope cannot be read."""
    found = signing.manifest_signed_by(value(content, f"slot-{slot}.release") or b"")
    if found is None:
        return None
    fields, signers = found
    is_of_it = fields["sha256"] == _sha256(content(f"{HOME}/slot-{slot}.img") or b"")
    seq, secver = fields["seq"], fields["secver"]
    assert isinstance(seq, int) and isinstance(secver, int)  # noqa: PT018 - both for the type checker
    return Claim(seq, secver, is_of_it, signers)


def value(content: Content, name: str) -> bytes | None:
    """The newest whole copy of a value; None if there is none."""
    magic = _MAGICS[name.rpartition(".")[2]]
    copies = (_whole(magic, content(f"{HOME}/{name}-{n}") or b"") for n in (0, 1))
    whole = [copy for copy in copies if copy is not None]
    return max(whole)[1] if whole else None


@lru_cache(maxsize=1_000)
def _sha256_bytes(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _sha256(image: bytes) -> str:
    return _sha256_bytes(image).hex()


@lru_cache(maxsize=100_000)
def _whole(magic: bytes, copy: bytes) -> tuple[int, bytes] | None:
    """The sequence number and payload of a copy; None if its magic or its CRC is wrong."""
    if len(copy) < _HEAD.size + 4:
        return None
    found, sequence, length = _HEAD.unpack_from(copy)
    end = _HEAD.size + length
    if (
        found != magic
        or not sequence
        or end + 4 > len(copy)
        or struct.unpack_from("<I", copy, end)[0] != zlib.crc32(copy[:end])
    ):
        return None
    return sequence, copy[_HEAD.size : end]
