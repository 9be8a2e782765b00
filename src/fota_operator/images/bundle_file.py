"""The file of a bundle, written and read: the zip archive around the list and its files.

What the list holds is the device's to say (`fota.bundle.contents_cpython`). Leaves to others: which files make a
bundle (`bundle`).
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fota.bundle.contents_cpython import (
    BOOT_PROTOCOL,
    DATE,
    LIST_NAME,
    MAX_LIST_BYTES,
    Contents,
    Member,
    attributes_of,
    contents_of,
    parse,
)

_UNIX = 3
_EXECUTABLE, _PLAIN = 0o755, 0o644
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, KeyError)


@dataclass(frozen=True)
class PackedFile:
    """One file on its way into a bundle."""

    content: bytes = field(repr=False)
    is_executable: bool = False


def list_of(files: Mapping[str, PackedFile], *, version: str, runtime: str, entry: str) -> Contents:
    """The list of a bundle of these files. *Raises* ValueError, which names the path or the field."""
    members = (
        Member(
            path,
            _EXECUTABLE if file.is_executable else _PLAIN,
            len(file.content),
            hashlib.sha256(file.content).hexdigest(),
        )
        for path, file in files.items()
    )
    return contents_of(members, version=version, runtime=runtime, entry=entry, boot=BOOT_PROTOCOL)


def packed(contents: Contents, files: Mapping[str, bytes]) -> bytes:
    """The bundle: the same list and files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        archive.writestr(_header(LIST_NAME, _PLAIN), contents.encoded())
        for member in contents.files:
            archive.writestr(_header(member.path, member.mode), files[member.path])
    return buffer.getvalue()


def unpacked(content: bytes) -> tuple[Contents, dict[str, bytes]]:
    """The list of a bundle, and its files by their paths. *Raises* ValueError if it is not a whole one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            contents = parse(_read(archive, archive.getinfo(LIST_NAME), MAX_LIST_BYTES))
            names = [member.path for member in contents.files]
            if archive.namelist() != [LIST_NAME, *names]:
                raise ValueError("its members are not those of its list, in that order")
            files = {one.path: _read(archive, archive.getinfo(one.path), one.size_bytes) for one in contents.files}
    except _BROKEN as error:
        raise ValueError(f"it is no whole zip archive ({error})") from error
    for one in contents.files:
        if hashlib.sha256(files[one.path]).hexdigest() != one.sha256:
            raise ValueError(f"{one.path} is not the file that its list has")
    if packed(contents, files) != content:
        raise ValueError("it is packed in another way than `fota image build` packs")
    return contents, files


def _header(name: str, mode: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, date_time=DATE)
    member.create_system = _UNIX
    member.external_attr = attributes_of(mode)
    return member


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > most_bytes:
        raise ValueError(f"{member.filename} is compressed, or larger than {most_bytes} bytes")
    return archive.read(member)
