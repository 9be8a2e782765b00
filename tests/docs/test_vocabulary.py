"""The vocabulary has every word that the reference names something by, each once, and no word that no page uses.

The names come from the reference itself: options, arguments, fields, attributes, errors. A new name there is made of
words of the vocabulary, or of the everyday words below.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tests.labs.docs_pages import ROOT, pages, read, section

PAGE = "docs/vocabulary.md"
REFERENCES = ("commands", "device-api", "job-document", "operator-api", "rollout-plan")
"""The reasons are a closed list with a page of their own; of the answers in JSON the titles are looked at."""

EVERYDAY = """
added after already an any argument ask at auto base before begin bring by cbk changed close cloud connect
connected day differ dir disconnect do downloading duration ended environment failure file folder found id input
installed interval is json least left loop made max may micropython minute month most name names no not now of
once out per percent problem proving refused restarting retrying run sign size stop stopped subscribe succeeded
taken that the there time timed told trusted unreachable unsubscribe until unusable variable waited waiting
wanted was were what would yes zone
"""
"""What a reader at school English knows, forms of verbs included."""

_ROW = re.compile(r"^\| (?!word \||---)(.*) \|$", re.MULTILINE)
_FORMER = re.compile(r"^## Former names\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
"""Deprecated names, which nobody has to learn."""
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FIRST_CODE = re.compile(r"^\| ((?:`[^`]+`(?:, )?)+)", re.MULTILINE)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


class Entry(NamedTuple):
    """One row of the vocabulary."""

    word: str
    means: str
    also: str


def entries(text: str) -> list[Entry]:
    return [Entry(*(cell.strip() for cell in f" {row} ".split(" | "))) for row in _ROW.findall(text)]


def words_of(text: str) -> set[str]:
    """The words in a name or a phrase, in lower case, a plural as its singular; a letter alone is none."""
    return {singular(word.lower()) for word in _WORD.findall(text) if len(word) > 1}


def singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s") if len(word) > 3 else word


def known_words(text: str) -> set[str]:
    """Every word that an entry is called by, here or elsewhere."""
    return set().union(*(words_of(f"{entry.word} {entry.also}") for entry in entries(text)))


def names() -> Iterator[str]:
    """What the reference names in code, in the first column of its tables; and what answers in JSON are called."""
    for page in REFERENCES:
        for cell in _FIRST_CODE.findall(_FENCE.sub("", _FORMER.sub("", read(f"docs/reference/{page}.md")))):
            # Neither an argument of a call nor the placeholder of an option.
            yield from (re.split(r"[( ]", code)[0] for code in re.findall(r"`([^`]+)`", cell))
    for schema in sorted((ROOT / "docs/reference/schemas").glob("*.json")):
        yield json.loads(schema.read_text())["title"]


def strangers(text: str) -> dict[str, set[str]]:
    """The words of names that the vocabulary does not have, each with the names."""
    known = known_words(text) | {singular(word) for word in EVERYDAY.split()}
    found: dict[str, set[str]] = {}
    for name in names():
        for word in words_of(name) - known:
            found.setdefault(word, set()).add(name)
    return found


def test_every_word_that_the_reference_names_something_by_is_in_the_vocabulary() -> None:
    assert strangers(read(PAGE)) == {}


def test_a_word_that_is_missing_is_found() -> None:
    without = re.sub(r"^\| (canary|soak) .*\n", "", read(PAGE), flags=re.MULTILINE)
    assert set(strangers(without)) == {"canary", "soak"}


def test_no_everyday_word_is_kept_for_a_name_that_is_gone() -> None:
    used = set().union(*map(words_of, names()))
    assert sorted(word for word in EVERYDAY.split() if singular(word) not in used) == []


def test_every_word_is_explained_once() -> None:
    counts = Counter(entry.word for entry in entries(read(PAGE)))
    assert [word for word, count in counts.items() if count > 1] == []
    assert all(entry.means for entry in entries(read(PAGE)))


def test_no_word_is_also_another_words_other_name() -> None:
    words = {entry.word for entry in entries(read(PAGE))}
    others = [other for entry in entries(read(PAGE)) for other in re.split(r"[,;] ", entry.also)]
    assert [other for other in others if other in words] == []


def squeezed(text: str) -> str:
    """Without what tells `update lock`, `update-lock`, `update_lock` and `UpdateLock` apart."""
    return re.sub(r"[\s_-]", "", text.lower())


def test_every_word_of_the_vocabulary_is_used_in_another_page_or_in_the_code() -> None:
    code = [path for folder in ("src", "sweeps", "tools") for path in (ROOT / folder).rglob("*.py")]
    others = [path for path in [*pages(), *code] if path not in (ROOT / PAGE, ROOT / "tools/not_built.py")]
    used = squeezed("".join(path.read_text() for path in others))
    planned = section(read(PAGE), "## Words for what is not built yet")
    unused = [entry.word for entry in entries(read(PAGE)) if squeezed(entry.word) not in used]
    assert [word for word in unused if f"| {word} |" not in planned] == []


def test_the_words_that_people_search_by_are_found() -> None:
    others = " ".join(entry.also for entry in entries(read(PAGE)))
    for name in ("security counter", "secure version", "rollback index", "sequence number (SUIT)", "version (TUF)"):
        assert name in others
    for name in (
        "image trailer",
        "verified marker",
        "A/B slot",
        "bank",
        "partition",
        "staging",
        "golden",
        "mark good",
    ):
        assert name in others
    for name in ("test swap (MCUboot)", "permanent swap (MCUboot)", "revert (MCUboot)", "wave", "bake time"):
        assert name in others
