"""The wheels of a bundle: chosen and downloaded by pip for a target, and looked at before anything is unpacked.

Leaves to others: running pip (`pip_process`), its lock (`lock`), and unpacking (`wheel_files`).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.metadata import Metadata
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from fota_operator.errors import BadInput, OperatorError
from fota_operator.files import require_folder
from fota_operator.images.pip_process import PipFailed, run_pip
from fota_operator.images.pip_words import explained
from fota_operator.images.target import Target


@dataclass(frozen=True)
class Dependencies:
    """Where the packages of a bundle come from: files of requirements, folders of wheels, and a lock."""

    requirements: tuple[Path, ...] = ()
    """Files as `pip install -r` reads them; their hashes are honoured."""
    find_links: tuple[Path, ...] = ()
    """Folders with wheels that pip may take, besides those of its index."""
    lock: Path | None = None
    """A file of requirements with exact versions and hashes: used if it is there, otherwise written."""


NO_DEPENDENCIES = Dependencies()


@dataclass(frozen=True)
class Wheel:
    """One wheel that was downloaded."""

    path: Path
    name: str
    """Of the package, in the normal form: `aws-iot-fota`."""
    version: str
    sha256: str
    tags: frozenset[Tag]


def download(options: Sequence[str], given: Dependencies, target: Target, folder: Path) -> list[Wheel]:
    """The wheels that pip chooses for these options, in a folder. *Raises* OperatorError."""
    try:
        run_pip("download", [f"--dest={folder}", *find_links_options(given), *options], target)
    except PipFailed as error:
        raise explained(error.said, target, given.find_links) from None
    wheels = [_wheel(path) for path in sorted(folder.iterdir())]
    for wheel in wheels:
        if not wheel.tags & target.tags:
            tags = ", ".join(sorted(map(str, wheel.tags)))
            raise BadInput(f"{wheel.path.name} is for {tags}, not for {target}", "name a wheel for the target")
    _require_all(wheels, target)
    return wheels


def find_links_options(given: Dependencies) -> list[str]:
    """The folders of wheels as options of pip. *Raises* NotFound."""
    for folder in given.find_links:
        require_folder(folder, "name a folder of wheels with `find_links`")
    return [f"--find-links={folder.resolve()}" for folder in given.find_links]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits. *Raises* OSError."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _wheel(path: Path) -> Wheel:
    try:
        name, version, _, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise BadInput(
            f"{path.name} is no wheel, and nothing is built here for another machine",
            "build a wheel of it on the device with `pip wheel`, and name its folder with `find_links`",
        ) from error
    return Wheel(path, name, str(version), sha256_of(path), tags)


def _require_all(wheels: Iterable[Wheel], target: Target) -> None:
    """*Raises* OperatorError if a package is missing that another one needs on the target."""
    needs = {wheel.name: _needs(wheel, target) for wheel in wheels}
    for name, needed in needs.items():
        missing = sorted(needed - needs.keys())
        if missing:
            raise OperatorError(
                f"{name} needs {', '.join(missing)} on {target}, and pip left it out",
                "name it in the requirements, and look at the settings of pip: `pip config list`",
            )


def _needs(wheel: Wheel, target: Target) -> set[str]:
    """The packages that one always needs on the target: those for its extras are for who asks for the extra."""
    try:
        with ZipFile(wheel.path) as archive:
            (name,) = (name for name in archive.namelist() if _is_metadata(name))
            metadata = Metadata.from_email(archive.read(name), validate=False)
        asked = metadata.requires_dist or []
    except (BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError) as error:
        raise BadInput(f"{wheel.path.name} is no whole wheel: {error}", "download or build it again") from error
    here = {**target.markers(), "extra": ""}
    return {canonicalize_name(one.name) for one in asked if one.marker is None or one.marker.evaluate(here)}


def _is_metadata(name: str) -> bool:
    folder, _, file = name.partition("/")
    return folder.endswith(".dist-info") and file == "METADATA"
