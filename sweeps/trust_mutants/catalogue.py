"""The list of all checks that are taken away."""

from __future__ import annotations

from dataclasses import dataclass

from sweeps.seeding.bugs import Bug, Change, bug
from sweeps.trust_mutants.by_tests import BY_TESTS
from sweeps.trust_mutants.by_vectors import BY_VECTORS


@dataclass(frozen=True)
class Check:
    """A bug that leaves a check out, and what must notice it: vectors or a test."""

    bug: Bug
    vectors: str = ""
    """The file of vectors in which one must then get another verdict."""
    test: str = ""
    """The test that must then fail, as pytest names it."""


def _without(change: Change, by: str) -> Bug:
    return bug(f"{by}: {change}", f"A check is left out; {by} must notice.", change)


CHECKS: tuple[Check, ...] = (
    *(Check(_without(one, file), vectors=file) for file, changes in BY_VECTORS.items() for one in changes),
    *(Check(_without(one, test), test=test) for test, one in BY_TESTS),
)


def named(part: str) -> list[Check]:
    """The checks whose names contain a text. *Raises* ValueError when no name does."""
    found = [check for check in CHECKS if part in check.bug.name]
    if not found:
        raise ValueError(f"{part}: in the name of no check; each is named by what notices it, and by what is changed")
    return found
