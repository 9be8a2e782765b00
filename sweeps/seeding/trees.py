"""Copies folders of code and puts a bug into the copy. The source itself does not change."""

from __future__ import annotations

import shutil
from pathlib import Path

from sweeps.seeding.addresses import SOURCE
from sweeps.seeding.bugs import Bug


def copy_code(source: Path, target: Path) -> None:
    """A folder of code, without what an interpreter has left there."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)


def put_into(bug: Bug, folder: Path) -> None:
    """Change the files of a bug where they are. *Raises* DoesNotFit, and then changes none."""
    for file, text in bug.mutated_files(folder).items():
        (folder / file).write_text(text, encoding="utf-8")


def seeded_copy(bug: Bug, folder: Path, source: Path = SOURCE) -> Path:
    """A copy of the source, in `folder`, with the bug in it. *Raises* DoesNotFit."""
    copy_code(source, folder)
    put_into(bug, folder)
    return folder
