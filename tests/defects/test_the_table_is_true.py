"""docs/ancestor-defects.md names every defect once, and only tests that are there."""

import re

import pytest

from tests.labs.named_tests import NAMED, TESTS, functions_of, missing

PAGE = TESTS.parent / "docs" / "ancestor-defects.md"
MOST = 58

_ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \|$", re.MULTILINE)


def rows() -> dict[int, str]:
    """What keeps each defect out, by its number."""
    return {int(number): answer for number, _, answer in _ROW.findall(PAGE.read_text())}


def test_every_defect_is_there_once() -> None:
    numbers = [int(number) for number, _, _ in _ROW.findall(PAGE.read_text())]
    assert numbers == list(range(1, MOST + 1))


def test_every_test_that_is_named_is_there() -> None:
    assert len(NAMED.findall(PAGE.read_text())) > MOST
    assert missing(PAGE.read_text()) == []


def test_a_test_that_is_not_there_is_found() -> None:
    page = "`defects/test_the_table_is_true.py::test_gone` `defects/gone.py::test_gone`"
    assert missing(page) == ["defects/test_the_table_is_true.py::test_gone", "defects/gone.py::test_gone"]


@pytest.mark.parametrize("number", range(1, MOST + 1))
def test_every_row_names_a_test_or_says_why_there_is_none(number: int) -> None:
    answer = rows()[number]
    assert NAMED.search(answer) or answer.startswith(("by design: ", "later: "))


def test_every_test_that_is_named_for_a_defect_stands_in_its_row() -> None:
    answers = rows()
    strays = [
        name
        for path in TESTS.rglob("test_*.py")
        for name in functions_of(path)
        if (match := re.match(r"test_defect_(\d\d)_", name)) and f"::{name}`" not in answers.get(int(match[1]), "")
    ]
    assert strays == []
