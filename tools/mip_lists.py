"""Writes the lists that mip installs the device library from, `src/BOARD.json`.

`--check` says which are out of date. `--compiled DIR` puts the library there as byte code, with lists for it.
Their URLs are relative, so that the same list works from GitHub, at any version, and from a server of one's own.
They are at the top of `src` because mip follows no `..`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from fota_operator.board.byte_code import device_bytecode
from fota_operator.board.modules import BOARDS, EXTRAS, SOURCE, extras_of, modules_of


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status: 0 the lists are current, 1 some were not and `--check` was given."""
    parser = argparse.ArgumentParser(description="Write the lists for mip.")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="change nothing; fail if a list is out of date")
    how.add_argument("--compiled", metavar="DIR", type=Path, help="compile the library into that folder, with lists")
    parser.add_argument("--lines", action="store_true", help="with --compiled: keep line numbers, for tracebacks")
    chosen = parser.parse_args(arguments)
    if chosen.compiled:
        _compile_into(chosen.compiled, keeps_lines=chosen.lines)
        return 0
    out_of_date = stale(SOURCE)
    for path, text in out_of_date.items():
        if chosen.check:
            sys.stderr.write(f"{path.name} is out of date. Regenerate it with `make docs`.\n")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(SOURCE.parent)}\n")
    return 1 if chosen.check and out_of_date else 0


def stale(folder: Path) -> dict[Path, str]:
    """The lists in `folder` that differ from what the imports say, and what they should hold."""
    lists = {folder / f"{name}.json": _list_of(modules) for name, modules in _modules().items()}
    return {path: text for path, text in lists.items() if not path.exists() or path.read_text() != text}


def _compile_into(folder: Path, *, keeps_lines: bool) -> None:
    for name, modules in _modules().items():
        for path in modules:
            target = folder / path.with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(device_bytecode(path, (SOURCE / path).read_bytes(), keeps_lines=keeps_lines))
        compiled = [path.with_suffix(".mpy") for path in modules]
        (folder / f"{name}.json").write_text(_list_of(compiled), encoding="utf-8")


def _modules() -> dict[str, list[Path]]:
    """The modules of each list, by its name."""
    return {board: modules_of(board) for board in BOARDS} | {name: extras_of(name) for name in EXTRAS}


def _list_of(paths: Sequence[Path]) -> str:
    # Where a file goes, and where it comes from.
    pairs = (json.dumps([path.as_posix()] * 2) for path in paths)
    return '{"urls": [\n' + ",\n".join(pairs) + "\n]}\n"


if __name__ == "__main__":
    sys.exit(main())
