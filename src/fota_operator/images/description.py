"""What an image is, what it needs and what is in it, read from its file.

Leaves to others: whether it is a whole image (`image`), and how it is shown.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fota_operator.errors import BadInput
from fota_operator.images.bundle_file import unpacked
from fota_operator.images.compressed import compressed_files
from fota_operator.images.image import BUNDLE_KIND, LITTLEFS_KIND, ZIPAPP_KIND, Image, read_image
from fota_operator.images.littlefs import all_files
from fota_operator.images.packages import Package, packages_in


@dataclass(frozen=True)
class Description:
    """What is known of an image; of a firmware, no files are known."""

    image: Image
    entry: str | None = None
    """What a bundle starts."""
    packages: tuple[Package, ...] = ()
    """Those whose metadata is in it."""
    files: Mapping[str, int] = field(default_factory=dict)
    """The sizes in bytes of the files in it, by their paths."""
    compressed: tuple[str, ...] = ()
    """The compressed files, as of `Image`; and in a zipapp those that the archive compresses."""


def describe_image(path: Path) -> Description:
    """Read an image. *Raises* BadInput, NotFound."""
    image = read_image(path)
    if image.kind == BUNDLE_KIND:
        contents, files = unpacked(image.content)
        return _described(image, files, compressed_files(files), contents.entry)
    if image.kind == ZIPAPP_KIND:
        return _zipapp(image)
    if image.kind == LITTLEFS_KIND:
        try:
            files = all_files(image.content)
        except ValueError as error:
            raise BadInput(f"{path} is a littlefs, but not a whole one: {error}", "build it again") from error
        return _described(image, files, compressed_files(files))
    return Description(image)


def _zipapp(image: Image) -> Description:
    # Every member was read and checked when the image was read.
    with zipfile.ZipFile(io.BytesIO(image.content)) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        files = {member.filename: archive.read(member) for member in members}
        packed = {member.filename for member in members if member.compress_type != zipfile.ZIP_STORED}
    return _described(image, files, tuple(sorted(packed.union(compressed_files(files)))))


def _described(
    image: Image, files: Mapping[str, bytes], compressed: tuple[str, ...], entry: str | None = None
) -> Description:
    sizes = {path: len(files[path]) for path in sorted(files)}
    return Description(image, entry, tuple(packages_in(files)), sizes, compressed)
