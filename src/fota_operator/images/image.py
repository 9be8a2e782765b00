"""Images: built from a folder as a zipapp, or read from a file.

Leaves to others: the files of the folder (`program_folder`), bundles (`bundle`), images for MicroPython
(`micropython`), what a file of an image holds in detail (`description`), storing images (`jobs.image_store`), and
what a device makes of them.
"""

import base64
import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fota.bundle import contents_cpython as bundles
from fota_operator.bounded_text import parse_json
from fota_operator.errors import BadInput
from fota_operator.files import unread, write_whole
from fota_operator.images.bundle_file import unpacked
from fota_operator.images.compressed import compressed_files
from fota_operator.images.littlefs import is_littlefs, root_files
from fota_operator.images.program_folder import IMAGE_FACTS, VERSION, program_files

ZIPAPP_KIND = "zipapp"
"""What `fota-boot` starts, on CPython."""

BUNDLE_KIND = bundles.KIND
"""What `fota-boot` unpacks and starts: a program with all packages that it needs."""

LITTLEFS_KIND = "littlefs"
"""What MicroPython mounts."""

ESP32_KIND = "esp32"
"""A firmware for the OTA partitions of an ESP32: what `idf.py build` makes."""

LINKED_KIND = "linked"
"""An image that the ancestor's linker made for one slot."""

CPYTHON_MAINS = ("__main__.py",)
MICROPYTHON_MAINS = ("main.py", "main.mpy")
"""The file that runs when an image starts; one of these must be there."""

MAX_IMAGE_BYTES = 2**31 - 1
"""The largest image that a device accepts."""

_ESP32_MAGIC, _ESP32_HAS_DIGEST, _ESP32_MIN_BYTES = b"\xe9", 23, 80
_ESP32_DESCRIPTION = bytes.fromhex("3254cdab")
"""ESP_APP_DESC_MAGIC_WORD, little-endian."""
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)
"""The errors that zipfile raises for a file that is not a zip, is damaged, or is packed in another way than ours."""
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_MAX_FACTS_BYTES = 4096


@dataclass(frozen=True)
class Needs:
    """What a bundle needs of a device, as its list says: a device is told before it fetches a byte."""

    runtime: str
    """The Python and the platform: `cp311-manylinux_2_31_aarch64`."""
    boot: int
    """The protocol between `fota-boot` and the image."""
    tree_bytes: int
    """The room that the unpacked tree takes."""


@dataclass(frozen=True)
class Image:
    """Bytes that may fill a slot, and what is known about them. `slot` is None if any slot will do."""

    content: bytes = field(repr=False)
    md5: str
    sha256: str
    slot: int | None = None
    version: str | None = None
    kind: str = ZIPAPP_KIND
    needs: Needs | None = None
    """Of a bundle; None of another kind."""
    compressed: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The packed files that are compressed: a change in one of them makes all of it another one, so that no
    difference to an older image is small. Empty if the image was not built here."""
    files: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    """The sizes in bytes of the files that were packed, by their paths; empty if the image was not built here."""

    @property
    def size_bytes(self) -> int:
        """The number of bytes that a slot must have room for."""
        return len(self.content)


def build_image(source: Path, version: str, out: Path, *, allow: Sequence[str] = (), deflated: bool = False) -> Image:
    """Pack the folder `source`, which holds `__main__.py`, into a zipapp at `out`.

    The same files give the same bytes at any time, in any folder, on any machine: they are sorted, without times,
    owners or byte code, and stored as they are: so the image is as large as its files. With `deflated` they are
    compressed, which takes less of a disk, depends on the version of zlib, and defeats patches: a small change of a
    file changes all of it.
    Refused, unless `allow` names it by its path in the folder: machine code, which Python cannot import from a
    zipapp; private keys and other secrets; history, virtual environments and links that leave the folder; and a
    source that does not compile.
    *Raises* BadInput for what is refused, NotFound, OperatorError for what cannot be read or written.
    """
    contents = program_files(source, version, out, CPYTHON_MAINS, allow=allow, is_zipapp=True)
    content = _packed(contents, zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED)
    image = write_image(out, content, contents, version=version, kind=ZIPAPP_KIND)
    return replace(image, compressed=tuple(image.files)) if deflated else image


def write_image(
    out: Path, content: bytes, packed: Mapping[str, bytes], *, version: str, kind: str, needs: Needs | None = None
) -> Image:
    """Write an image, whole or not at all. *Raises* BadInput if no slot could hold it, OperatorError."""
    image = image_from(content, version=version, kind=kind, needs=needs)
    write_whole(out, content)
    sizes = {name: len(packed[name]) for name in sorted(packed)}
    return replace(image, files=sizes, compressed=compressed_files(packed))


def read_image(path: Path) -> Image:
    """The image in a file: a zipapp, bundle, littlefs, firmware of an ESP32, or the JSON of the ancestor's linker.

    *Raises* BadInput, NotFound.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unread(path, error, "name a file made by `fota image build`") from error
    return image_in(path, content)


def image_in(path: Path, content: bytes) -> Image:
    """The image that a file with this content is; errors name the path. *Raises* BadInput."""
    if bundles.is_bundle(content[: bundles.FIRST_BYTES]):
        return _bundle_image(path, content)
    if is_littlefs(content):
        return _littlefs_image(path, content)
    if content.lstrip()[:1] == b"{":
        return _linked_image(path, content)
    if content[:1] == _ESP32_MAGIC:
        return _esp32_image(path, content)
    return _zipapp_image(path, content)


def image_from(
    content: bytes,
    *,
    slot: int | None = None,
    version: str | None = None,
    kind: str | None = None,
    needs: Needs | None = None,
) -> Image:
    """The image that these bytes are; an image for one slot is a linked one, unless its kind is given.

    *Raises* BadInput if no slot could hold them.
    """
    if not 0 < len(content) <= MAX_IMAGE_BYTES:
        raise BadInput(f"an image of {len(content)} bytes cannot be sent", f"send 1 to {MAX_IMAGE_BYTES} bytes")
    return Image(
        content=content,
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        slot=slot,
        version=version,
        kind=kind or (ZIPAPP_KIND if slot is None else LINKED_KIND),
        needs=needs,
    )


def _packed(contents: dict[str, bytes], how: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, date_time=_EARLIEST)
            member.create_system = 3  # Always Unix, so that the bytes do not depend on the machine.
            member.external_attr = 0o644 << 16
            member.compress_type = how
            archive.writestr(member, contents[name])
    return buffer.getvalue()


def _bundle_image(path: Path, content: bytes) -> Image:
    try:
        listed, _ = unpacked(content)
    except ValueError as error:
        raise BadInput(f"{path} is a bundle, but not a whole one: {error}", "build it again") from error
    needs = Needs(listed.runtime, listed.boot, listed.tree_bytes)
    return image_from(content, version=listed.version, kind=BUNDLE_KIND, needs=needs)


def _zipapp_image(path: Path, content: bytes) -> Image:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            damaged = archive.testzip()
            version = _version_in(_facts_inside(archive)) if IMAGE_FACTS in names else None
    except _BROKEN_ZIP as error:
        raise BadInput(
            f"{path} is no zipapp, littlefs, firmware of an ESP32 or JSON of a linker ({error})",
            "make an image with `fota image build`",
        ) from error
    if damaged is not None:
        raise BadInput(f"{path} is damaged: {damaged} does not match its CRC", "build it again")
    if "__main__.py" not in names:
        raise BadInput(f"{path} holds no __main__.py and could not start", "build it with `fota image build`")
    return image_from(content, version=version)


def _littlefs_image(path: Path, content: bytes) -> Image:
    try:
        files = root_files(content, _MAX_FACTS_BYTES + 1)
    except ValueError as error:
        raise BadInput(f"{path} is a littlefs, but not a whole one: {error}", "build it again") from error
    if not files.keys() & set(MICROPYTHON_MAINS):
        raise BadInput(
            f"{path} holds no main.py and could not start", "build it with `fota image build micropython=yes`"
        )
    return image_from(content, version=_version_in(files.get(IMAGE_FACTS, b"")), kind=LITTLEFS_KIND)


def _esp32_image(path: Path, content: bytes) -> Image:
    """Check the SHA-256 at its end, which esptool appends by default, and which the boot loader checks.

    https://docs.espressif.com/projects/esptool/en/latest/esp32/advanced-topics/firmware-image-format.html
    """
    has_digest = len(content) > _ESP32_MIN_BYTES and content[_ESP32_HAS_DIGEST] == 1
    if not has_digest or hashlib.sha256(content[:-32]).digest() != content[-32:]:
        raise BadInput(
            f"{path} begins as a firmware of an ESP32, and does not end with its SHA-256",
            "give the .bin of the application alone, as `idf.py build` makes it, not one merged with the boot loader",
        )
    return image_from(content, version=_esp32_version(content), kind=ESP32_KIND)


def _esp32_version(content: bytes) -> str | None:
    """What `esp_app_desc_t` says, at the beginning of the first segment."""
    magic, text = content[32:36], content[48:80].split(b"\0")[0]
    version = text.decode("ascii", "replace")
    return version if magic == _ESP32_DESCRIPTION and VERSION.fullmatch(version) else None


def _facts_inside(archive: zipfile.ZipFile) -> bytes:
    with archive.open(IMAGE_FACTS) as member:
        return member.read(_MAX_FACTS_BYTES + 1)


def _version_in(content: bytes) -> str | None:
    if len(content) > _MAX_FACTS_BYTES:
        return None
    try:
        facts = parse_json(content)
    except ValueError:
        return None
    version = facts.get("version") if isinstance(facts, dict) else None
    return version if isinstance(version, str) and VERSION.fullmatch(version) else None


def _linked_image(path: Path, content: bytes) -> Image:
    remedy = "give the file that the linker wrote, with bcbin (base64) and bc_idx (a slot number)"
    try:
        linked = parse_json(content)
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}", remedy) from error
    if not isinstance(linked, dict):
        raise BadInput(f"{path} is no JSON of a linker", remedy)
    bcbin, slot = linked.get("bcbin"), linked.get("bc_idx")
    if not isinstance(bcbin, str):
        raise BadInput(f"{path}: bcbin: expected base64 text, got {type(bcbin).__name__}", remedy)
    if type(slot) is not int or slot < 0:
        raise BadInput(f"{path}: bc_idx: expected a slot number, got {slot!r}", remedy)
    try:
        return image_from(base64.b64decode(bcbin, validate=True), slot=slot)
    except ValueError as error:
        raise BadInput(f"{path}: bcbin: not base64 ({error})", remedy) from error
