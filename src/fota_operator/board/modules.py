"""Finds the modules of the device library that each kind of board needs: those it starts from, and what they import.

Leaves to others: what is compiled (`byte_code`), lists for mip and how large they are (`tools`).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
"""The folder that holds the packages of the library, in a clone or where they are installed."""

_PROGRAM = ("aws.iot.iot", "aws.iot.jobs", "aws.iot.fota")
_FILES = ("fota.start", "fota.slots.files")

BOARDS = {
    "esp32": (*_PROGRAM, "fota.start_firmware", "fota.ota"),
    "littlefs": (*_PROGRAM, *_FILES),
    "unix": (*_PROGRAM, *_FILES, "fota.start_firmware", "fota.ota"),
}
"""What a program or `main.py` imports, by the kind of board.

esp32: images in OTA partitions; littlefs: images in files, on any board; unix: all there is, to try it on a PC.
"""


EXTRAS = {
    "policies": tuple(
        f"fota.policy.{name}" for name in ("combine", "max_bytes", "max_rate", "metered", "when", "window")
    )
}
"""What a program may add to any board, by the name of its list."""


OPEN = (
    *_PROGRAM,
    *_FILES[:1],
    "aws.iot.errors",
    "fota.boards.esp32",
    "fota.errors",
    "fota.fields",
    "fota.log",
    "fota.machine",
    "fota.ota",
    "fota.policy",
    "fota.progress",
)
"""What a program may import of the library where a board has it as one bundle."""


_WITHOUT = {"esp32": ("fota.boards.files", "fota.patch.patched")}
"""What only a program imports that opens the device itself, since no `main.py` of its board did; and what makes an
image from a patch, for which a board with OTA partitions has no place."""


def modules_of(board: str) -> list[Path]:
    """The files that a board needs, relative to `SOURCE`, sorted."""
    needed: set[Path] = set()
    waiting = list(BOARDS[board])
    while waiting:
        name = waiting.pop()
        path = path_of(name)
        if path is None or path in needed or name in _WITHOUT.get(board, ()):
            continue
        needed.add(path)
        # To import a module is to import the packages above it.
        waiting += [name.rpartition(".")[0], *_imported(ast.parse((SOURCE / path).read_text(encoding="utf-8")))]
    return sorted(needed)


def extras_of(name: str) -> list[Path]:
    """The files of something that is added, without those that a board has already."""
    return [_file_of(module) for module in EXTRAS[name]]


def _file_of(module: str) -> Path:
    path = path_of(module)
    if path is None:
        raise LookupError(f"{module}: no such module")
    return path


def path_of(name: str) -> Path | None:
    """The file of a module; None for one that is not ours, and for the halves that CPython alone has."""
    if not name or name.endswith("_cpython"):
        return None
    base = Path(*name.split("."))
    found = [path for path in (base.with_suffix(".py"), base / "__init__.py") if (SOURCE / path).exists()]
    return found[0] if found else None


def _imported(node: ast.AST) -> Iterator[str]:
    """The modules that may be imported when this runs, and names in them, which may be modules too."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{one.name}" for one in node.names)
    for below in ast.iter_child_nodes(node):
        yield from _imported(below)
