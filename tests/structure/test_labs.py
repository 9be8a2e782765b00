"""What tests share is in the labs: nothing is imported out of a module of tests, nor out of a conftest."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests", "sweeps", "bench", "peers", "tools")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """Every module, or name in a module, that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{one.name}" for one in node.names)


def taken_out_of_tests(source: str) -> list[str]:
    """What a source imports although it is in a module of tests, in a conftest, or named by its distance."""
    return [
        name
        for name in imported(source)
        if name.startswith(".")
        or any(
            part == "conftest" or part.startswith("test_") for part in name.split(".") if name.startswith("tests.")
        )
    ]


def test_nothing_is_imported_out_of_a_module_of_tests() -> None:
    taken = {path.relative_to(ROOT).as_posix(): taken_out_of_tests(path.read_text()) for path in FILES}
    assert {path: names for path, names in taken.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from tests.iot.test_flow_success import Diary",
        "from tests.trust import test_rollback",
        "import tests.device.test_ota as ota",
        "from tests.operator.conftest import Signatures",
        "from .conftest import lab",
        "from . import conftest",
    ],
)
def test_an_import_out_of_a_module_of_tests_is_found(line: str) -> None:
    assert taken_out_of_tests(line) != []


def test_what_the_labs_and_the_code_give_is_free() -> None:
    assert taken_out_of_tests("from tests.labs.diary import Diary\nfrom fota_testing.test_clock import Clock") == []
