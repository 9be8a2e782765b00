"""docs/field-faults.md numbers what the field has reported, and names tests, rows and bugs that are there."""

import re

import pytest

from sweeps.faults.bugs import SEEDED
from sweeps.faults.rows import ROWS
from sweeps.faults.steps import STEPS
from tests.labs.named_tests import TESTS, missing

PAGE = TESTS.parent / "docs" / "field-faults.md"
REPORTS = 70

_REPORT = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
_WORD = re.compile(r"`([a-z0-9-]+)`")


def answers() -> dict[int, str]:
    """What holds the library to each row, by its number."""
    return {int(number): held for number, _, _, held in _REPORT.findall(PAGE.read_text())}


def unknown(held: str) -> list[str]:
    """The rows of the matrix, steps and seeded bugs that an answer names, and that are not there."""
    known = {
        "row": {row.family for row in ROWS} | {step.name for step in STEPS},
        "bug": {one.bug.name for one in SEEDED},
    }
    return [
        f"{kind} {word}"
        for part in held.split(";")
        if (kind := part.split()[0].rstrip("s")) in known
        for word in _WORD.findall(part)
        if word not in known[kind]
    ]


def test_every_report_is_there_once_in_order() -> None:
    assert list(answers()) == list(range(1, REPORTS + 1))
    assert len(re.findall(r"^\| \d", PAGE.read_text(), re.MULTILINE)) == REPORTS


@pytest.mark.parametrize("number", range(1, REPORTS + 1))
def test_every_report_names_what_holds_it_and_all_of_that_is_there(number: int) -> None:
    held = answers()[number]
    assert ".py::test_" in held
    assert (missing(held), unknown(held)) == ([], [])


def test_what_is_not_there_is_found() -> None:
    held = "rows `no-route`, `gone` at `claiming`; bug `lost`; `defects/gone.py::test_gone`"
    assert unknown(held) == ["row gone", "bug lost"]
    assert missing(held) == ["defects/gone.py::test_gone"]


def test_every_kind_of_seeded_bug_has_an_example_here() -> None:
    named = set(_WORD.findall(PAGE.read_text()))
    assert {one.kind for one in SEEDED} - {one.kind for one in SEEDED if one.bug.name in named} <= {"truth"}
