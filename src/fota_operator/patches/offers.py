"""The patches that a job offers beside its image, the compressed image among them. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MAX_OFFERED = 8
"""A device reads no more of a job document."""
FROM_NOTHING = "0" * 64
"""The digest that a patch starts from if it is the image, compressed."""
COMPRESSED = "compressed"
ALWAYS, NEVER = "always", "never"
"""Whether a device may fetch the whole image when no patch serves it."""


@dataclass(frozen=True)
class PatchSource:
    """An older image: its SHA-256, how people call it, and how many devices were seen to run it.

    `content` gives its bytes, or None if they cannot be had.
    """

    sha256: str
    version: str | None
    content: Callable[[], bytes | None] = field(repr=False)
    things: int | None = None

    @property
    def title(self) -> str:
        """The version, or the first digits of the digest."""
        return self.version or self.sha256[:12]


@dataclass(frozen=True)
class PatchOffer:
    """A patch that is offered. It was tried: from the older image it makes the new one.

    `title` is the version that it starts from; COMPRESSED if it starts from nothing.
    """

    content: bytes = field(repr=False)
    sha256: str
    from_sha256: str
    title: str
    things: int | None = None

    @property
    def size_bytes(self) -> int:
        """The number of bytes that travel."""
        return len(self.content)


@dataclass(frozen=True)
class LeftOut:
    """An older image from which no patch is offered, and why not."""

    title: str
    why: str
    things: int | None = None


@dataclass(frozen=True)
class PatchOffers:
    """What is offered, and what is left out.

    `whole`: ALWAYS, NEVER, or the number of bytes up to which a device may fetch the whole image.
    """

    offers: tuple[PatchOffer, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    whole: str | int = ALWAYS

    @property
    def compressed(self) -> PatchOffer | None:
        """The compressed image, if it is offered."""
        return next((one for one in self.offers if one.from_sha256 == FROM_NOTHING), None)
