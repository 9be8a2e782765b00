"""Patches that jobs offer; and I23: a patch is fetched before the whole image, and nothing of it is left behind."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from fota.patch.head import HEAD_BYTES
from fota_operator.patches.make import make_patch
from sweeps.powercut import seen
from sweeps.powercut.history import Violation
from sweeps.powercut.scenarios import DAMAGED, FITS, IMAGES, PATCHES_AT, Patch

if TYPE_CHECKING:
    from sweeps.powercut.history import History
    from sweeps.powercut.seen import Content

FILE = "patch.img"
"""The place for a patch in the home folder."""


@cache
def content(patch: Patch) -> bytes:
    """The bytes of a patch that the server has."""
    wanted = patch.new.content
    if patch.is_right:
        return make_patch(patch.old.content, wanted).content
    # It says that it makes the new image, and makes one of the same size.
    made = make_patch(patch.old.content, wanted[:-1] + bytes([wanted[-1] ^ 1])).content
    return made[: HEAD_BYTES - 32] + hashlib.sha256(wanted).digest() + made[HEAD_BYTES:]


def entries(patches: tuple[Patch, ...]) -> list[dict[str, object]]:
    """The field `x-patches` of a job that offers them."""
    return [
        {
            "from": hashlib.sha256(patch.old.content).hexdigest(),
            "url": f"${{aws:iot:s3-presigned-url:{patch.url}}}",
            "size": len(content(patch)),
            "sha256": hashlib.sha256(content(patch)).hexdigest(),
        }
        for patch in patches
    ]


def by_url() -> dict[str, bytes]:
    """All that the server of images has: images, and patches."""
    return {image.url: image.content for image in IMAGES} | {patch.url: content(patch) for patch in (FITS, DAMAGED)}


def asked(url: str, history: History) -> None:
    """A request for that URL. I23. *Raises* Violation."""
    before = history.fetched[0]
    if url.startswith(PATCHES_AT) and before and not before.startswith(PATCHES_AT):
        raise Violation("I23", f"{url} was asked for after {before}, which is whole")


def settled(found: Content) -> None:
    """Nothing is left to do. I23. *Raises* Violation."""
    if found(f"{seen.HOME}/{FILE}") is not None:
        raise Violation("I23", f"{FILE} is left over")
