"""The file of a release: a zip of two uncompressed members. It is read strictly and within bounds, and written whole.

`envelope.json`   the envelope, canonical JSON
`image`           the bytes that fill a slot

Leaves to others: whether its signatures are good (`release`).
"""

import io
import zipfile
from pathlib import Path

from fota import strict_json
from fota.trust import envelope as envelopes
from fota.trust import manifest as manifests
from fota.trust.envelope import Envelope
from fota.trust.errors import NotTrusted
from fota.trust.manifest import Manifest
from fota_operator.errors import BadInput
from fota_operator.files import read_bounded, unread, write_whole
from fota_operator.images.image import BUNDLE_KIND, MAX_IMAGE_BYTES, Image, image_from, image_in
from fota_operator.trust.release import Release, digests_of

_ENVELOPE = "envelope.json"
_IMAGE = "image"
_MAX_ENVELOPE_BYTES = 8192
_MAX_BYTES = MAX_IMAGE_BYTES + 16_384
_EARLIEST = (1980, 1, 1, 0, 0, 0)
# The local header of a zip, and the position of the member's name in it.
_MAGIC = b"PK\x03\x04"
_NAME = slice(30, 30 + len(_ENVELOPE))
_REMEDY = "make it again with `fota release create`"


def write_release(path: Path, release: Release) -> None:
    """Write the file; the same release gives the same bytes. *Raises* OperatorError."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (
            (_ENVELOPE, strict_json.canonical(envelopes.fields(release.envelope))),
            (_IMAGE, release.image.content),
        ):
            member = zipfile.ZipInfo(name, date_time=_EARLIEST)
            member.create_system = 3  # Always Unix, so that the bytes do not depend on the machine.
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)
    write_whole(path, buffer.getvalue())


def is_release(path: Path) -> bool:
    """Whether a file is meant as a release, whole or not. *Raises* NotFound."""
    try:
        with path.open("rb") as file:
            head = file.read(_NAME.stop)
    except OSError as error:
        raise unread(path, error, "name a release or an image") from error
    return head.startswith(_MAGIC) and head[_NAME] == _ENVELOPE.encode()


def read_release(path: Path) -> Release:
    """The release in a file. Its image is checked against its manifest; signatures are not verified.

    *Raises* NotFound, BadInput.
    """
    content = read_bounded(path, _MAX_BYTES, "name a file made by `fota release create`")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _require_members(path, archive)
            envelope = _envelope(archive.read(_ENVELOPE))
            image_content = archive.read(_IMAGE)
        manifest = manifests.parse(envelope.payload)
    except (
        zipfile.BadZipFile,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        NotTrusted,
    ) as error:
        raise BadInput(f"{path} is not a whole release: {error}", _REMEDY) from error
    return _whole(path, envelope, manifest, image_content)


def release_of(path: Path, envelope: Envelope, content: bytes) -> Release:
    """The release of an envelope and its image, as `read_release`; errors name the path. *Raises* BadInput."""
    try:
        manifest = manifests.parse(envelope.payload)
    except (ValueError, NotTrusted) as error:
        raise BadInput(f"{path} is not a whole release: {error}", _REMEDY) from error
    return _whole(path, envelope, manifest, content)


def _whole(path: Path, envelope: Envelope, manifest: Manifest, content: bytes) -> Release:
    image = _image(path, content, manifest)
    if not manifest.wanted.matches(digests_of(image)):
        raise BadInput(f"{path} is not a whole release: its image is not the one that was signed", _REMEDY)
    return Release(image, envelope, manifest)


def _image(path: Path, content: bytes, manifest: Manifest) -> Image:
    """The image, as its manifest describes it. *Raises* BadInput for a bundle that needs something else."""
    if manifest.image != BUNDLE_KIND:
        return image_from(content, slot=manifest.slot, version=manifest.version, kind=manifest.image)
    needs = image_in(path, content).needs
    if needs is None or (needs.runtime, needs.boot, needs.tree_bytes) != (
        manifest.runtime,
        manifest.boot,
        manifest.tree_bytes,
    ):
        raise BadInput(f"{path} is not a whole release: its image needs something else than was signed", _REMEDY)
    return image_from(content, slot=manifest.slot, version=manifest.version, kind=BUNDLE_KIND, needs=needs)


def _require_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Check that there are exactly the two members, uncompressed and not too large, without unpacking anything."""
    members = archive.infolist()
    if [member.filename for member in members] != [_ENVELOPE, _IMAGE]:
        raise BadInput(f"{path} is no release: expected {_ENVELOPE} and {_IMAGE} in it, and nothing else", _REMEDY)
    for member, most_bytes in zip(members, (_MAX_ENVELOPE_BYTES, MAX_IMAGE_BYTES), strict=True):
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise BadInput(f"{path} is no release: {member.filename} is packed", _REMEDY)
        if member.file_size > most_bytes:
            raise BadInput(f"{path} is no release: {member.filename} is larger than {most_bytes} bytes", _REMEDY)


def _envelope(content: bytes) -> Envelope:
    envelope = envelopes.parse(strict_json.parse(content))
    if envelope.payload_type != manifests.PAYLOAD_TYPE:
        raise ValueError(f"payloadType: expected {manifests.PAYLOAD_TYPE}")
    return envelope
