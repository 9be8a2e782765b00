"""docs/security.md names every threat, attack and row once, and only tests and vectors that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import vector_parts as parts

from tests.labs.docs_pages import ROOT, read, section

TESTS = ROOT / "tests"
PAGE = "docs/security.md"

_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
_VECTORS = re.compile(r"`(vectors/[\w/-]+)`")
_FIRST = re.compile(r"^\| ([^|]+?) \|", re.MULTILINE)

RFC_9124 = [
    "THREAT.IMG.EXPIRED",
    "THREAT.IMG.EXPIRED.OFFLINE",
    "THREAT.IMG.INCOMPATIBLE",
    "THREAT.IMG.FORMAT",
    "THREAT.IMG.LOCATION",
    "THREAT.NET.REDIRECT",
    "THREAT.NET.ONPATH",
    "THREAT.IMG.REPLACE",
    "THREAT.IMG.NON_AUTH",
    "THREAT.UPD.WRONG_PRECURSOR",
    "THREAT.UPD.UNAPPROVED",
    "THREAT.IMG.DISCLOSURE",
    "THREAT.MFST.OVERRIDE",
    "THREAT.MFST.EXPOSURE",
    "THREAT.IMG.EXTRA",
    "THREAT.KEY.EXPOSURE",
    "THREAT.MFST.MODIFICATION",
    "THREAT.MFST.TOCTOU",
]
TUF = [
    "Arbitrary installation",
    "Endless data",
    "Extraneous dependencies",
    "Fast-forward",
    "Indefinite freeze",
    "Malicious mirrors preventing updates",
    "Mix-and-match",
    "Rollback",
    "Vulnerability to key compromises",
    "Wrong software installation",
]
UPTANE = [
    "Eavesdrop",
    "Drop-request",
    "Slow retrieval",
    "Freeze",
    "Partial bundle installation",
    "Denial of service",
    "Rollback",
    "Endless data",
    "Mix-and-match",
    "Arbitrary software",
]
TABLES = {
    "## The threats of RFC 9124": RFC_9124,
    "## The attacks of TUF": TUF,
    "## The attacks of Uptane": UPTANE,
    "## Documents that are broken, or made to break something": [
        f"D{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 18, 19, 20)
    ],
    "## Signatures and keys": [f"K{number}" for number in range(1, 24) if number not in {10, 21}],
}


def rows(heading: str) -> list[str]:
    lines = section(read(PAGE), heading).splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(("| threat", "| attack", "| |"))]


def functions_of(path: Path) -> set[str]:
    """The names of all tests in a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def missing(page: str) -> list[str]:
    """The tests and the files of vectors that a page names and that are not there."""
    tests = [
        f"{path}::{name}"
        for path, name in _TEST.findall(page)
        if not (TESTS / path).is_file() or name not in functions_of(TESTS / path)
    ]
    files = [file for file in _VECTORS.findall(page) if not (TESTS / f"{file}.jsonl").is_file()]
    return tests + files


@pytest.mark.parametrize("heading", TABLES)
def test_every_row_is_there_once_and_no_other_is(heading: str) -> None:
    assert [_FIRST.match(row)[1] for row in rows(heading)] == TABLES[heading]  # type: ignore[index]


@pytest.mark.parametrize("heading", TABLES)
def test_every_row_names_what_shows_it(heading: str) -> None:
    assert [row for row in rows(heading) if not _TEST.search(row) and not _VECTORS.search(row)] == []


def test_everything_that_is_named_is_there() -> None:
    assert missing(read(PAGE)) == []


def test_what_is_not_there_is_found() -> None:
    page = "`trust/test_page.py::test_gone` `security/gone.py::test_gone` `vectors/refused/gone`"
    assert missing(page) == [
        "trust/test_page.py::test_gone",
        "security/gone.py::test_gone",
        "vectors/refused/gone",
    ]


def test_the_published_test_keys_say_what_they_are() -> None:
    for scalar in parts.PUBLISHED_TEST_KEYS.values():
        assert scalar.to_bytes(32, "big").startswith(b"PUBLISHED TEST KEY, NEVER USE")
