"""One seeded bug: what is changed where, and a copy of the source with it. Leaves to `probe` what comes of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
PACKAGES = ("fota", "aws", "fota_testing")
"""What the sweep imports of the source."""


class OddMutant(ValueError):
    """A bug that does not fit the source as it is."""


@dataclass(frozen=True)
class Change:
    """A piece of text that stands once in a file, and what stands there instead."""

    file: str
    """Below the source folder."""
    old: str
    new: str

    def made_in(self, text: str) -> str:
        """The text with the change. *Raises* OddMutant unless the old piece stands in it exactly once."""
        count = text.count(self.old)
        if count != 1:
            raise OddMutant(f"{self.file}: expected {self.old!r} once, found it {count} times")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Mutant:
    """A bug: mostly one change, sometimes one in each of two places that keep the same promise."""

    name: str
    wrong: str
    """A sentence that says what the changed code does."""
    changes: tuple[Change, ...]

    def mutated_files(self, source: Path = SOURCE) -> dict[str, str]:
        """Each changed file's text. *Raises* OddMutant."""
        texts: dict[str, str] = {}
        for change in self.changes:
            text = texts.get(change.file) or (source / change.file).read_text()
            texts[change.file] = change.made_in(text)
        return texts

    def seed(self, folder: Path, source: Path = SOURCE) -> Path:
        """A copy of the source, in `folder`, with the bug in it. The source itself stays as it is."""
        for package in PACKAGES:
            copy_code(source / package, folder / package)
        for file, text in self.mutated_files(source).items():
            (folder / file).write_text(text)
        return folder


def copy_code(source: Path, target: Path) -> None:
    """A folder of code, without what an interpreter has left there."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def mutant(name: str, wrong: str, file: str, old: str, new: str) -> Mutant:
    """A bug of one change."""
    return Mutant(name, wrong, (Change(file, old, new),))
