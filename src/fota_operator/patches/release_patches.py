"""The patches that bring devices from older releases to a new one, with what each of them saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fota_operator.errors import BadInput
from fota_operator.images.image import Image, read_image
from fota_operator.patches.differences import OnDone
from fota_operator.patches.make import Patch, make_patch
from fota_operator.patches.making import window_bits_of
from fota_operator.patches.offers import MAX_OFFERED
from fota_operator.trust.release_file import is_release, read_release


@dataclass(frozen=True)
class MadePatch:
    """One patch, and the image that it starts from."""

    source: Path
    version: str | None
    patch: Patch

    @property
    def percent(self) -> float:
        """The size of the patch as a percentage of the size of the image."""
        return 100 * self.patch.size_bytes / self.patch.new_bytes

    @property
    def is_worth_it(self) -> bool:
        """Whether the patch is smaller than the whole image."""
        return self.patch.size_bytes < self.patch.new_bytes

    @property
    def file_name(self) -> str:
        """The name of its file: the first digits of both images' SHA-256."""
        return f"{self.patch.old_sha256[:12]}-{self.patch.new_sha256[:12]}.patch"


def make_patches(
    olds: Sequence[Path], new: Path, *, pair_timeout_s: float, on_done: Callable[[Path], OnDone]
) -> Iterator[MadePatch]:
    """A patch from each of the old images to the new one, as soon as it is made and was tried.

    Each path is that of a release or of an image. *Blocks* while bsdiff compares them.
    *Raises* BadInput, NotFound, before the first one is made.
    """
    if len(olds) > MAX_OFFERED:
        raise BadInput(f"got {len(olds)} older releases", f"name {MAX_OFFERED} at most: those that most devices run")
    target = image_of(new)
    sources = [(path, image_of(path)) for path in olds]
    for number, (path, image) in enumerate(sources):
        if image.kind != target.kind:
            raise BadInput(f"{path} holds a {image.kind}, and {new} a {target.kind}", "name releases of one product")
        if image.sha256 == target.sha256:
            raise BadInput(f"{path} holds the same image as {new}", "name an older release")
        if image.sha256 in [other.sha256 for _, other in sources[:number]]:
            raise BadInput(f"{path} holds the same image as one before it", "name each release once")
    bits = window_bits_of(target.kind)
    return (_made(path, image, target, bits, pair_timeout_s, on_done(path)) for path, image in sources)


def _made(
    path: Path, image: Image, target: Image, window_bits: int, pair_timeout_s: float, on_done: OnDone
) -> MadePatch:
    patch = make_patch(
        image.content, target.content, window_bits=window_bits, pair_timeout_s=pair_timeout_s, on_done=on_done
    )
    return MadePatch(path, image.version, patch)


def image_of(path: Path) -> Image:
    """The image in a file, or that of a release. *Raises* BadInput, NotFound."""
    return read_release(path).image if is_release(path) else read_image(path)
