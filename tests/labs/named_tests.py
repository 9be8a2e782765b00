"""The tests that a page names by file and function, and those of them that are not there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent.parent

NAMED = re.compile(r"`(?:tests/)?([\w/]+\.py)::(test_\w+)`")


def functions_of(path: Path) -> set[str]:
    """The names of all tests in a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def missing(page: str) -> list[str]:
    """The tests that a page names and that are not there."""
    return [
        f"{path}::{name}"
        for path, name in NAMED.findall(page)
        if not (TESTS / path).is_file() or name not in functions_of(TESTS / path)
    ]
