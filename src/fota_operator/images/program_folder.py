"""The files of a program's folder, as an image holds them.

Leaves to others: what must not be among them (`refused`), and packing them (`image`, `micropython`).
"""

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from fota_operator.errors import BadInput, OperatorError
from fota_operator.files import require_folder
from fota_operator.images.refused import ENVIRONMENT_FILE, VERSION_CONTROL, refusal

IMAGE_FACTS = "fota-image.json"
"""The file in a built image that states its version, as `{"version": …}`."""

VERSION: re.Pattern[str] = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
"""The form of a version that an image states."""


def program_files(
    source: Path, version: str, out: Path, mains: Sequence[str], *, allow: Sequence[str], is_zipapp: bool
) -> dict[str, bytes]:
    """The files of the folder `source` by their paths in an image at `out`, plus a file that states the version.

    One of `mains` must be among them, if any are named. `allow` has paths in the folder, with `/`: these files, and
    all files in these folders, are taken though they would be refused otherwise.
    *Raises* BadInput, NotFound, OperatorError.
    """
    if not VERSION.fullmatch(version):
        raise BadInput(
            f"the version {version!r} is not one",
            "use up to 64 letters, digits and . _ + - and start with a letter or digit",
        )
    require_folder(source, "name the folder that holds the program")
    if out.resolve().is_relative_to(source.resolve()):
        raise BadInput(f"{out} lies inside {source} and would become part of it", "write it elsewhere")
    reader = _FolderReader(source, allow, is_zipapp=is_zipapp)
    try:
        contents = reader.contents()
    except OSError as error:
        raise OperatorError(f"cannot read {error.filename}: {error.strerror}", "look at that file") from error
    if mains and not contents.keys() & set(mains):
        raise BadInput(f"{source} holds no {mains[0]}", "add one: it is what runs when the image starts")
    if IMAGE_FACTS in contents:
        raise BadInput(f"{source} holds a {IMAGE_FACTS}", "remove it: the build writes it")
    return contents | {IMAGE_FACTS: json.dumps({"version": version}).encode() + b"\n"}


class _FolderReader:
    """Reads one folder. Byte code is left out; what is refused and not allowed raises BadInput."""

    def __init__(self, source: Path, allow: Sequence[str], *, is_zipapp: bool) -> None:
        self._source = source
        self._root = source.resolve()
        self._is_zipapp = is_zipapp
        self._allowed = {Path(path).as_posix() for path in allow}
        for path in sorted(self._allowed):
            is_inside = not Path(path).is_absolute() and ".." not in Path(path).parts
            if not is_inside or not os.path.lexists(source / path):
                raise BadInput(
                    f"`allow` names {path}, which is not in {source}", "give the path as seen from that folder"
                )

    def contents(self) -> dict[str, bytes]:
        """The content of each file, by its path. *Raises* BadInput, OSError."""
        return {self._name(path): self._content(path) for path in self._files()}

    def _files(self) -> Iterator[Path]:
        for folder, subfolders, names in os.walk(self._source, onerror=_raise):
            subfolders[:] = [name for name in subfolders if name != "__pycache__"]
            for path in (Path(folder, name) for name in subfolders):
                self._require_folder(path)
            for path in (Path(folder, name) for name in names if not name.endswith((".pyc", ".pyo"))):
                self._require_file(path)
                yield path

    def _require_folder(self, path: Path) -> None:
        _require_text(path.name)
        if path.is_symlink():
            raise BadInput(f"{path} is a link to a folder, which is not followed", "put the folder in its place")
        if path.name in VERSION_CONTROL:
            self._refuse(path, "is the history of the program, and may hold what was removed from it")
        if (path / ENVIRONMENT_FILE).is_file():
            self._refuse(path, "is a virtual environment, which no image can use")

    def _require_file(self, path: Path) -> None:
        _require_text(path.name)
        # Reading a pipe, for example, could wait forever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadInput(f"{path} is no ordinary file", "keep it out of the folder")
        if path.is_symlink() and not path.resolve().is_relative_to(self._root):
            self._refuse(path, "is a link that leaves the folder")

    def _content(self, path: Path) -> bytes:
        content = path.read_bytes()
        why = refusal(self._name(path), content, is_zipapp=self._is_zipapp)
        if why is not None:
            self._refuse(path, why)
        return content

    def _refuse(self, path: Path, why: str) -> None:
        """*Raises* BadInput, unless the path or a folder around it is allowed."""
        name = self._name(path)
        around = {parent.as_posix() for parent in Path(name).parents}
        if not self._allowed & {name, *around}:
            raise BadInput(
                f"{path} {why}",
                f"keep it out of the folder, or correct it; to pack it as it is, give {name} as `allow`",
            )

    def _name(self, path: Path) -> str:
        return path.relative_to(self._source).as_posix()


def _require_text(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"the name {name!r} is no UTF-8", "rename that file") from error


def _raise(error: OSError) -> None:
    raise error
