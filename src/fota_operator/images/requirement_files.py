"""The lines of pip's requirements files, as far as this side must know them before pip reads them.

https://pip.pypa.io/en/stable/reference/requirements-file-format/. Leaves to pip: what a line means.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fota_operator.errors import BadInput
from fota_operator.files import read_bounded

_MAX_BYTES = 4 << 20
_MAX_FILES = 100
_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTION = re.compile(r"(-[a-z]|--[a-z-]+)(?:\s*=\s*|\s+|$)?(.*)")
_NESTED = ("-r", "--requirement")
_EDITABLE = ("-e", "--editable")
_PLACES = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host")
"""The options that say where packages come from."""
_FOLDERS = ("-f", "--find-links")
_NAMED = re.compile(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*@\s*")
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz")


@dataclass(frozen=True)
class Line:
    """One line, without its comment, with the lines that continue it."""

    file: Path
    number: int
    text: str

    @property
    def option(self) -> tuple[str, str]:
        """The option that the line begins with, and its value; two empty texts for a line that names a package."""
        found = _OPTION.fullmatch(self.text)
        return (found[1], found[2]) if found else ("", "")


def lines_of(files: Sequence[Path]) -> Iterator[Line]:
    """The lines of these files, and of those that they include. *Raises* NotFound, BadInput."""
    waiting, seen = list(files), set()
    while waiting:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        if len(seen) > _MAX_FILES:
            raise BadInput(f"{files[0]} includes more than {_MAX_FILES} files", "include fewer")
        for line in _lines(file):
            option, value = line.option
            if option in _NESTED and "://" not in value:
                waiting.append(file.parent / value)
            else:
                yield line


def require_wheels(files: Sequence[Path]) -> None:
    """*Raises* BadInput for a line that names something to be built: it would be built for this machine."""
    for line in lines_of(files):
        option, _ = line.option
        if option in _EDITABLE or (not option and _is_to_be_built(line.text)):
            raise BadInput(
                f"{line.file}, line {line.number}: names no wheel, and nothing is built here for another machine",
                "build a wheel of it on the device with `pip wheel`, and name its folder with `find_links`",
            )


def places(files: Sequence[Path]) -> str:
    """The lines that say where packages come from, to be handed to pip with other requirements.

    They may hold credentials: they belong in no output, and in no file that is kept.
    """
    found = []
    for line in lines_of(files):
        option, value = line.option
        if option in _PLACES:
            near = line.file.parent / value
            is_near = option in _FOLDERS and "://" not in value and near.exists()
            found.append(f"{option} {near.resolve()}" if is_near else line.text)
    return "".join(f"{text}\n" for text in found)


def _is_to_be_built(text: str) -> bool:
    """Whether a requirement names a folder, a repository or an archive, and no wheel."""
    place = _NAMED.sub("", text.partition(" --")[0].partition(";")[0].strip(), count=1)
    path = re.split(r"[?#]", place)[0].lower()
    return ("/" in path or path in (".", "..") or path.endswith(_ARCHIVES)) and not path.endswith(".whl")


def _lines(file: Path) -> Iterator[Line]:
    content = read_bounded(file, _MAX_BYTES, "name a file of requirements, as pip reads it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is no UTF-8", "save it as UTF-8") from error
    number, whole = 0, ""
    for at, part in enumerate(text.splitlines(), 1):
        number = number or at
        if part.endswith("\\"):
            whole += part[:-1]
            continue
        line, first = _COMMENT.sub("", whole + part).strip(), number
        number, whole = 0, ""
        if line:
            yield Line(file, first, line)
    if whole.strip():
        yield Line(file, number, _COMMENT.sub("", whole).strip())
