"""The pages avoid turns of phrase that stop a reader who learned English at school.

Looked at is what people write: neither code nor what is generated from it.
"""

import re
from pathlib import Path

import pytest

from tests.labs.docs_pages import ROOT, pages

AVOIDED = (
    "whoever",
    "whichever",
    "of which",
    "by which",
    "so many",
    "is none",
    "told of",
    "how it stands",
    "shall",
    "at once",
    "anew",
)

GENERATED = {ROOT / "docs/power-cuts-mutants.md"}
"""Whole pages that a program writes."""

_PHRASE = re.compile(rf"\b({'|'.join(AVOIDED)})\b", re.IGNORECASE)
_BLOCK = re.compile(r"<!-- (?:generated: )?([a-z-]+) -->\n.*?<!-- end(?:: \1| of \1) -->", re.DOTALL)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def riddles(text: str) -> list[str]:
    """The lines of prose that hold a phrase to avoid."""
    prose = _CODE.sub("", _BLOCK.sub("", text))
    return [line for line in prose.splitlines() if _PHRASE.search(line)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_in_plain_words(page: Path) -> None:
    assert page in GENERATED or riddles(page.read_text()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Whoever ships it.\nPeople who ship it.\n", ["Whoever ships it."]),
        ("It is read anew.\n", ["It is read anew."]),
        ("A `whoever` in code, marshalled.\n```text\nat once\n```\n", []),
        ("<!-- generated: events -->\nshall\n<!-- end: events -->\nshall not\n", ["shall not"]),
        ("<!-- figures -->\nby which\n<!-- end of figures -->\n", []),
    ],
)
def test_a_phrase_to_avoid_is_found_in_prose_alone(text: str, found: list[str]) -> None:
    assert riddles(text) == found
