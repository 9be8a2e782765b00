"""The page of AWS IoT Device Advisor names only tests that are there, and a test for each case that passes."""

import ast
import re

import pytest

from tests.labs.docs_pages import ROOT, read

PAGE = "docs/reference/device-advisor.md"
_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
_ROW = re.compile(r"^\| (?!case|scenario|-)(.+?) \| (.+?) \|(.*)\|$", re.MULTILINE)


def functions_of(name: str) -> set[str]:
    path = ROOT / "tests" / name
    tree = ast.parse(path.read_text()) if path.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_is_there() -> None:
    named = _TEST.findall(read(PAGE))
    assert len(named) > 20
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []


@pytest.mark.parametrize(
    ("case", "result", "shown"), [row for row in _ROW.findall(read(PAGE)) if row[0][:3] != "---"]
)
def test_every_case_has_a_result_and_a_test_if_it_passes(case: str, result: str, shown: str) -> None:
    assert result.startswith(("passes", "cannot pass", "the program's")), case
    assert _TEST.search(shown) or not result.startswith("passes"), case
