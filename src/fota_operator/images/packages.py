"""The packages among the files of an image, and what they import as. Pure: it judges names and bytes."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from packaging.metadata import parse_email
from packaging.utils import canonicalize_name

from fota_operator.errors import IN_THE_CLONE

LIBRARY = "aws-iot-fota"
"""This library, as a package."""

MAKE_ITS_WHEEL: str = (
    f"run, {IN_THE_CLONE}, `pip wheel --no-deps --wheel-dir wheels .`; then name that folder with `find_links`"
)
"""How this library becomes a wheel: no name of a package index is ours."""

_METADATA = re.compile(r"(?:lib/)?[^/]+\.dist-info/METADATA")
_MODULE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:/__init__)?(?:\.py|\.(?:cpython-|abi3\.)?[^/]*so)")
_LIBRARY_FILES = ("fota/__init__.py", "aws/iot/fota.py")


class Package(NamedTuple):
    """One package, as its metadata names it."""

    name: str
    """In the normal form: `aws-iot-fota`."""
    version: str


def packages_in(files: Mapping[str, bytes]) -> list[Package]:
    """The packages that have metadata among these files, sorted."""
    found = []
    for path, content in files.items():
        if _METADATA.fullmatch(path):
            metadata, _ = parse_email(content)
            found.append(Package(canonicalize_name(metadata.get("name", "?")), metadata.get("version", "?")))
    return sorted(found)


def holds_library(paths: Iterable[str], folder: str) -> bool:
    """Whether the files of this library are in a folder among these paths."""
    return {f"{folder}/{file}" for file in _LIBRARY_FILES} <= set(paths)


def module_of(path: str) -> str | None:
    """What a file at this path, in a folder that is searched, is imported as; None if it is in another module."""
    found = _MODULE.fullmatch(path)
    return found[1] if found else None
