"""Makes the patches that a job offers, within a bound of time and of memory.

Leaves to others: where the older images come from (`jobs.patch_sources`), and storing the patches (`jobs.publish`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fota.errors import PatchFailed
from fota_operator.images.image import BUNDLE_KIND, ESP32_KIND, ZIPAPP_KIND, Image
from fota_operator.patches.make import CPYTHON_WINDOW_BITS, MICROPYTHON_WINDOW_BITS, apply_patch, make_patch
from fota_operator.patches.offers import (
    ALWAYS,
    COMPRESSED,
    FROM_NOTHING,
    MAX_OFFERED,
    LeftOut,
    PatchOffer,
    PatchOffers,
    PatchSource,
)

MAX_SECONDS = 600.0
"""What is not made by then is left out: nobody waits for patches without end."""
MAX_IMAGE_BYTES = 256 * 2**20
"""Larger images are not compared: they are in memory several times."""
_WORTH_IT = 0.9
"""A compressed image that saves less is not worth its place in the job document."""
_PAIR_SECONDS = 60.0
_LARGE_BYTES = 2**22
_TOLD_EVERY_PERCENT = 10

OnPatch = Callable[[str], object]
"""Called with a line for people, when something was made or takes long."""
Known = Callable[[str], bytes | None]
"""The patch from the image with this digest that somebody made before, if there is one. It is tried before use."""


@dataclass(frozen=True)
class PatchBounds:
    """How many patches, and how long they may take together; `clock_s` is a clock that is never set."""

    count: int = MAX_OFFERED
    seconds: float = MAX_SECONDS
    clock_s: Callable[[], float] = time.monotonic


DEFAULT_BOUNDS = PatchBounds()


def make_offers(
    image: Image,
    sources: Sequence[PatchSource],
    *,
    bounds: PatchBounds = DEFAULT_BOUNDS,
    known: Known = lambda _: None,
    on_patch: OnPatch = lambda _: None,
    whole: str | int = ALWAYS,
) -> PatchOffers:
    """Patches from these older images, in their order, as many as there is room and time for.

    The compressed image takes one of the places, if it is smaller: it serves every device that no patch fits.
    *Blocks* for `bounds.seconds` and a minute at most.
    """
    if image.kind == ESP32_KIND:
        why = "boards with OTA partitions take no patches"
        return PatchOffers((), tuple(LeftOut(one.title, why, one.things) for one in sources), whole)
    making = _Making(image, bounds, known, on_patch)
    for source in sources:
        making.add(source)
    return PatchOffers(tuple(making.offers), tuple(making.left_out), whole)


def window_bits_of(kind: str) -> int:
    """The window of a patch for an image of that kind: a microcontroller has it in its heap."""
    return CPYTHON_WINDOW_BITS if kind in (ZIPAPP_KIND, BUNDLE_KIND) else MICROPYTHON_WINDOW_BITS


class _TooLate(Exception):
    """The time is over."""


class _Making:
    """What was made so far."""

    def __init__(self, image: Image, bounds: PatchBounds, known: Known, on_patch: OnPatch) -> None:
        self.offers: list[PatchOffer] = []
        self.left_out: list[LeftOut] = []
        self._image = image
        self._bounds = bounds
        self._known = known
        self._on_patch = on_patch
        self._window_bits = window_bits_of(image.kind)
        self._until_s = bounds.clock_s() + bounds.seconds
        self._most_bytes = image.size_bytes
        if image.size_bytes <= MAX_IMAGE_BYTES:
            self._compress()

    def add(self, source: PatchSource) -> None:
        """Make a patch from this image, or say why not."""
        why = self._why_not(source)
        if why is not None:
            self.left_out.append(LeftOut(source.title, why, source.things))
            self._on_patch(f"no patch from {source.title}: {why}")

    def _compress(self) -> None:
        made = make_patch(b"", self._image.content, window_bits=self._window_bits)
        if made.size_bytes <= _WORTH_IT * self._image.size_bytes:
            self._most_bytes = made.size_bytes
            self._offer(made.content, PatchSource(FROM_NOTHING, COMPRESSED, lambda: None))

    def _why_not(self, source: PatchSource) -> str | None:
        """Make it; returns why it cannot be offered, None if it is."""
        return self._no_place(source) or self._not_made(source)

    def _no_place(self, source: PatchSource) -> str | None:
        if source.sha256 == self._image.sha256:
            return "it is the image that is offered"
        if any(one.from_sha256 == source.sha256 for one in self.offers):
            return "it is the same image as one before it"
        if len(self.offers) >= self._bounds.count:
            return f"{self._bounds.count} at most are offered, the compressed image among them"
        return self._too_late() if self._left_s() <= 0 else None

    def _not_made(self, source: PatchSource) -> str | None:
        old = source.content()
        if old is None:
            return "its image is not at hand"
        if max(len(old), self._image.size_bytes) > MAX_IMAGE_BYTES:
            return f"an image of more than {MAX_IMAGE_BYTES >> 20} MiB is not compared"
        patch = self._tried(self._known(source.sha256), old) or self._made(source, old)
        if patch is None:
            return self._too_late()
        if len(patch) >= self._most_bytes:
            return f"with {len(patch):,} bytes it is no smaller than what travels without it"
        self._offer(patch, source)
        return None

    def _tried(self, patch: bytes | None, old: bytes) -> bytes | None:
        """A patch that somebody made before, if it makes the image. Its bytes need no other proof."""
        if patch is None:
            return None
        try:
            return patch if apply_patch(patch, old) == self._image.content else None
        except PatchFailed:
            return None

    def _made(self, source: PatchSource, old: bytes) -> bytes | None:
        """The patch; None if the time was over before."""
        told = 0

        def on_done(done_bytes: int, all_bytes: int) -> None:
            nonlocal told
            if self._left_s() <= 0:
                raise _TooLate
            percent = 100 * done_bytes // all_bytes
            if all_bytes >= _LARGE_BYTES and percent >= told + _TOLD_EVERY_PERCENT:
                told = percent
                self._on_patch(f"compared with {source.title}: {percent} %")

        try:
            made = make_patch(
                old,
                self._image.content,
                window_bits=self._window_bits,
                pair_timeout_s=min(_PAIR_SECONDS, max(0.1, self._left_s())),
                on_done=on_done,
            )
        except _TooLate:
            return None
        return made.content

    def _offer(self, patch: bytes, source: PatchSource) -> None:
        digest = hashlib.sha256(patch).hexdigest()
        self.offers.append(PatchOffer(patch, digest, source.sha256, source.title, source.things))
        percent = 100 * len(patch) / self._image.size_bytes
        what = "compressed image" if source.sha256 == FROM_NOTHING else f"patch from {source.title}"
        self._on_patch(f"{what}: {len(patch):,} bytes, {percent:.1f} % of the image")

    def _too_late(self) -> str:
        return f"the {self._bounds.seconds:g} s for all patches were over"

    def _left_s(self) -> float:
        return self._until_s - self._bounds.clock_s()
