"""The files of a wheel as `pip install --target` would lay them, in memory: what goes under lib/ in a bundle.

The library `installer` reads the wheel and says where each file goes. Left out: scripts in Python and those of entry
points, which nothing on a device starts and whose first line would name an interpreter of this machine; headers for
C; byte code, which the device makes. Leaves to others: which wheels (`wheels`).
"""

import csv
import hashlib
import io
import os
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

import installer
from installer.destinations import WheelDestination
from installer.exceptions import InstallerError
from installer.records import Hash, InvalidRecordEntry, RecordEntry
from installer.sources import WheelFile
from installer.utils import Scheme

from fota_operator.errors import BadInput
from fota_operator.images.bundle_file import PackedFile

_INSTALLER = {"INSTALLER": b"fota\n"}
_SCRIPT_FOLDER = "bin"
_PYTHON_SCRIPT = b"#!"
_BYTE_CODE = (".pyc", ".pyo")


def files_of(wheel: Path, most_bytes: int) -> dict[str, PackedFile]:
    """The files of a wheel, by their paths below lib/; its RECORD lists just these.

    *Raises* BadInput for a wheel that is damaged, or holds more than `most_bytes`, or byte code without its source.
    """
    laid = _InMemory()
    try:
        with ZipFile(wheel) as archive:
            if sum(member.file_size for member in archive.infolist()) > most_bytes:
                raise BadInput(f"{wheel.name} holds more than {most_bytes} bytes", "leave something out")
            with warnings.catch_warnings():
                # It warns of byte code that it leaves out.
                warnings.simplefilter("ignore", RuntimeWarning)
                installer.install(WheelFile(archive), laid, dict(_INSTALLER))
    except (
        BadZipFile,
        InstallerError,
        InvalidRecordEntry,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise BadInput(f"{wheel.name} is no whole wheel: {error}", "download or build it again") from error
    except (KeyError, UnicodeDecodeError, AssertionError) as error:
        raise BadInput(f"{wheel.name} is no whole wheel: {error!r}", "download or build it again") from error
    return laid.files


class _InMemory(WheelDestination):
    """Where `installer` puts the files."""

    def __init__(self) -> None:
        self.files: dict[str, PackedFile] = {}

    def write_script(self, name: str, module: str, attr: str, section: object) -> RecordEntry:  # noqa: ARG002
        """Nothing: it is left out."""
        return RecordEntry(name, None, None)

    def write_file(
        self, scheme: Scheme, path: "str | os.PathLike[str]", stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        """Keep a file, unless it is left out."""
        name, content = os.fspath(path), stream.read()
        if scheme == "scripts" and not content.startswith(_PYTHON_SCRIPT):
            name = f"{_SCRIPT_FOLDER}/{name}"
        elif scheme in ("scripts", "headers"):
            return RecordEntry(name, None, None)
        if name.endswith(_BYTE_CODE):
            raise ValueError(f"{name} is byte code without its source, and fits one Python alone")
        if name in self.files:
            raise ValueError(f"{name} is in it twice")
        self.files[name] = PackedFile(content, is_executable)
        return RecordEntry(name, Hash("sha256", _record_digest(content)), len(content))

    def finalize_installation(
        self,
        scheme: Scheme,  # noqa: ARG002
        record_file_path: str,
        records: Iterable[tuple[Scheme, RecordEntry]],  # noqa: ARG002 - what was left out is among them
    ) -> None:
        """Write RECORD, sorted, with the files that are there."""
        text = io.StringIO(newline="")
        rows = csv.writer(text, lineterminator="\n")
        for name in sorted(self.files):
            content = self.files[name].content
            rows.writerow([name, f"sha256={_record_digest(content)}", len(content)])
        rows.writerow([record_file_path, "", ""])
        self.files[record_file_path] = PackedFile(text.getvalue().encode())


def _record_digest(content: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
