"""What is there before a document comes: the images, the kinds of devices, their floors, and the time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fota.trust.floor import Floor
from fota.trust.keyring import Keyring
from sweeps.fuzz.signing import IDS, PUBLIC
from sweeps.fuzz.verdicts import IMAGE_KINDS, NOW_S, SLOTS

__all__ = ("IMAGE_KINDS", "NOW_S", "SLOTS")

PRODUCT, HARDWARE = "lamp", "rev-b"
KEYRING_VERSION = 3
MARK, FLOOR = 1000, 3
CAPACITY_BYTES = 10_000


@dataclass(frozen=True)
class Image:
    """An image, and what a document says of it."""

    content: bytes

    @property
    def size_bytes(self) -> int:
        """Its length."""
        return len(self.content)

    @property
    def md5(self) -> str:
        """As `bc_crc` says it."""
        return hashlib.md5(self.content).hexdigest()  # noqa: S324 - the protocol's own checksum

    @property
    def sha256(self) -> str:
        """As `bc_sha256` says it."""
        return hashlib.sha256(self.content).hexdigest()


FACTORY = Image(b"the factory image")
"""Runs in slot 0, confirmed."""
BAD = Image(b"an image that was rolled back")
NEW = Image(b"a new image" * 20)
OTHER = Image(b"another new image" * 50)
IMAGES = (FACTORY, BAD, NEW, OTHER)

OPEN, SINGLE, PAIR = "open", "single", "pair"
"""A device without a keyring; with one key; with three keys and a threshold of two."""

KEYRINGS: dict[str, Keyring | None] = {
    OPEN: None,
    SINGLE: Keyring(
        product=PRODUCT, hardware=HARDWARE, version=KEYRING_VERSION, threshold=1, keys={IDS[0]: PUBLIC[0]}
    ),
    PAIR: Keyring(
        product=PRODUCT,
        hardware=HARDWARE,
        version=KEYRING_VERSION,
        threshold=2,
        keys={IDS[number]: PUBLIC[number] for number in range(3)},
    ),
}


def reached() -> Floor:
    """How far each device has come: releases below are refused."""
    return Floor(seq=MARK, sha256=FACTORY.sha256, secver=FLOOR)
