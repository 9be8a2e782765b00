"""The one list of what is not built: no entry is built after all, and each of the three pages shows the list."""

import re
from collections.abc import Iterator
from pathlib import Path

import not_built
import pytest

from tests.labs.docs_pages import ROOT, read, section

DEVICE_CODE = ("src/fota", "src/fota_boot", "src/aws")
"""A package that is not there has no files."""


def signs_of(sign: str, folder: Path) -> Iterator[str]:
    """The lines of Python below a folder that a sign matches, and the files whose name it matches."""
    for path in sorted(folder.rglob("*.py")):
        if re.search(sign, path.stem):
            yield str(path)
        yield from (f"{path}: {line}" for line in path.read_text().splitlines() if re.search(sign, line))


@pytest.mark.parametrize("sign", [pytest.param(one.sign, id=one.name) for one in not_built.NOT_BUILT])
def test_nothing_in_the_device_code_is_a_sign_of_what_is_not_built(sign: str) -> None:
    found = [line for folder in DEVICE_CODE for line in signs_of(sign, ROOT / folder)]
    assert found == [], "if this is built now, take its entry out of tools/not_built.py"


@pytest.mark.parametrize("built", ["def begin(rauc: object) -> None: ...\n", "# asks RAUC\n"])
def test_a_sign_is_found(tmp_path: Path, built: str) -> None:
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards/install.py").write_text(built)
    (rauc,) = (entry for entry in not_built.NOT_BUILT if entry.name == "RAUC board")
    assert list(signs_of(rauc.sign, tmp_path)) == [f"{tmp_path}/boards/install.py: {built.strip()}"]


def test_a_file_is_a_sign_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "rauc.py").write_text("")
    assert list(signs_of("(?i)rauc", tmp_path)) == [f"{tmp_path}/rauc.py"]


def test_the_device_code_is_where_the_signs_are_looked_for() -> None:
    assert len([path for folder in DEVICE_CODE for path in (ROOT / folder).rglob("*.py")]) > 60


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("README.md", "## Status"),
        ("docs/design.md", "## What is not built yet"),
        ("docs/vocabulary.md", "## Words for what is not built yet"),
    ],
)
def test_every_entry_is_in_each_of_the_three_pages(page: str, heading: str) -> None:
    text = section(read(page), heading)
    assert [entry.name for entry in not_built.NOT_BUILT if entry.name not in text] == []


def test_an_entry_is_one_line_of_whole_sentences() -> None:
    for entry in (*not_built.NOT_BUILT, *not_built.NOT_TRIED):
        assert re.fullmatch(r"[A-Z][^\n|]*[.`]", entry.today), entry.name
