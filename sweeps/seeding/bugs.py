"""A seeded bug: its name, a sentence about what is wrong, and the changes that put it into the source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeps.seeding.addresses import SOURCE, DoesNotFit, file_of, module_of, scope_in
from sweeps.seeding.verbs import Patch


@dataclass(frozen=True)
class Change:
    """Patches, in their order, of what one address names."""

    address: str
    patches: tuple[Patch, ...]

    def __str__(self) -> str:
        return " ".join((self.address, *(patch.text for patch in self.patches)))

    def make_in(self, tree: ast.Module) -> None:
        """Change the syntax tree of the module. *Raises* DoesNotFit, which names the address."""
        try:
            scope = scope_in(tree, self.address)
            for patch in self.patches:
                patch.edit(scope)
        except DoesNotFit as error:
            raise DoesNotFit(f"{self.address}: {error}") from error


@dataclass(frozen=True)
class Bug:
    """One bug: mostly one change, sometimes one in each of two places that keep the same promise."""

    name: str
    wrong: str
    """A sentence that says what the changed code does."""
    changes: tuple[Change, ...]

    def mutated_files(self, source: Path = SOURCE) -> dict[str, str]:
        """The text of each changed file, by its path below the source. *Raises* DoesNotFit."""
        trees: dict[str, ast.Module] = {}
        for change in self.changes:
            file = file_of(module_of(change.address), source)
            if file not in trees:
                trees[file] = ast.parse((source / file).read_text(encoding="utf-8"))
            change.make_in(trees[file])
        texts = {file: ast.unparse(ast.fix_missing_locations(tree)) + "\n" for file, tree in trees.items()}
        for file, text in texts.items():
            if _says_the_same(text, (source / file).read_text(encoding="utf-8")):
                raise DoesNotFit(f"{file}: it is the same with the bug as without")
        return texts


def at(address: str, *patches: Patch) -> Change:
    """A change at an address. *Raises* ValueError for a module that has no short name."""
    module_of(address)
    return Change(address, patches)


def bug(name: str, wrong: str, *changes: Change) -> Bug:
    """A bug, as the catalogues write it."""
    return Bug(name, wrong, changes)


def misfits(bugs: Iterable[Bug], source: Path = SOURCE) -> dict[str, str]:
    """The bugs that do not fit the source as it is, and why: nobody looks for those any more."""
    found: dict[str, str] = {}
    for one in bugs:
        try:
            one.mutated_files(source)
        except DoesNotFit as error:
            found[one.name] = str(error)
    return found


def misfit_report(found: Mapping[str, str], count: int) -> str:
    """The same in lines for people; `count` is the number of all bugs that were asked for."""
    lines = [f"does not fit: {name}: {why}" for name, why in found.items()]
    return "\n".join([*lines, f"{count - len(found)} of {count} bugs fit the source as it is"])


def _says_the_same(text: str, other: str) -> bool:
    return ast.dump(ast.parse(text)) == ast.dump(ast.parse(other))
