"""The older images from which patches are made: from files, or by their digests from the bucket.

The bucket keeps every image that a job ever named. Leaves to others: which of them are wanted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.jobs.image_store import fetch_object, image_key, patch_key
from fota_operator.patches.making import MAX_IMAGE_BYTES, Known
from fota_operator.patches.offers import PatchSource
from fota_operator.patches.release_patches import image_of

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class OlderImageFiles:
    """Older images in files: the path of each by its digest, and the version of each. They are read when needed."""

    paths: Mapping[str, Path] = field(default_factory=dict)
    versions: Mapping[str, str | None] = field(default_factory=dict)


def read_files(paths: Sequence[Path]) -> OlderImageFiles:
    """The older releases or images in these files. *Raises* BadInput, NotFound."""
    images = [(path, image_of(path)) for path in paths]
    return OlderImageFiles({one.sha256: path for path, one in images}, {one.sha256: one.version for _, one in images})


def source_of(
    cloud: Cloud,
    bucket: str,
    sha256: str,
    *,
    files: OlderImageFiles,
    version: str | None = None,
    things: int | None = None,
) -> PatchSource:
    """The image with that digest: from its file if it has one, or else from the bucket."""

    def content() -> bytes | None:
        path = files.paths.get(sha256)
        if path is not None:
            return image_of(path).content
        found = fetch_object(cloud, bucket, image_key(sha256), MAX_IMAGE_BYTES)
        # What is in the bucket under this name may have been replaced: no device runs that.
        return found if found is not None and hashlib.sha256(found).hexdigest() == sha256 else None

    return PatchSource(sha256, version or files.versions.get(sha256), content, things)


def known_patches(cloud: Cloud, bucket: str, image: Image) -> Known:
    """The patches to this image that are in the bucket."""
    return lambda from_sha256: fetch_object(cloud, bucket, patch_key(from_sha256, image.sha256), MAX_IMAGE_BYTES)


def split_words(words: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Older images as they are typed, as files and as digests. *Raises* BadInput for what is neither."""
    files, digests = [], []
    for word in words:
        if Path(word).is_file():
            files.append(Path(word))
        elif _SHA256.fullmatch(word):
            digests.append(word)
        else:
            raise BadInput(
                f"`patch`: expected the file of a release or image, or the SHA-256 of an image, got {word!r}",
                "look at the path; the bucket has the images of earlier jobs by their digests",
            )
    return files, digests
