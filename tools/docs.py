"""Writes the generated blocks of the documentation from the code, or with `--check` says which are out of date.

A block stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`; what surrounds it is written by hand.
Leaves to the pages what a block means. `tools/commands.py` describes the commands.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from board_example import board_example
from commands import commands_reference
from json_reference import json_reference

from aws.iot import errors as iot_errors
from aws.iot import flow
from fota import boot, errors, events, home, record, trial
from fota.table import ANY
from fota_operator import reasons
from fota_operator.reasons import Meaning

ROOT = Path(__file__).resolve().parent.parent

_BLOCK = re.compile(r"<!-- generated: ([a-z-]+) -->\n(.*?)<!-- end: \1 -->", re.DOTALL)
_BEGINNING = re.compile(r"<!-- generated: (\S+) -->")
_ENTRY = re.compile(r'^    "([a-z-]+)",(?:  # (.*))?$', re.MULTILINE)
_ADVICE = "Regenerate it with `make docs`."


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status: 0 the blocks are current, 1 some were not and `--check` was given."""
    parser = argparse.ArgumentParser(description="Write the generated blocks of the documentation.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a block is out of date")
    only_check = parser.parse_args(arguments).check
    out_of_date = stale(ROOT / "docs")
    for page, content in out_of_date.items():
        name = page.relative_to(ROOT)
        if only_check:
            sys.stderr.write(f"{name} is out of date. {_ADVICE}\n")
        else:
            page.write_text(content, encoding="utf-8")
            sys.stdout.write(f"{name}\n")
    return 1 if only_check and out_of_date else 0


def stale(folder: Path) -> dict[Path, str]:
    """The pages below `folder` that differ from what the code says, and what they should hold."""
    written = {page: page.read_text(encoding="utf-8") for page in sorted(folder.rglob("*.md"))}
    current = {page: regenerated(text) for page, text in written.items()}
    return {page: text for page, text in current.items() if text != written[page]}


def regenerated(text: str) -> str:
    """The text of a page, with each block written anew. *Raises* ValueError for a block that cannot be."""

    def block(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in BLOCKS:
            raise ValueError(f"{name}: no such block; expected one of {', '.join(BLOCKS)}")
        return f"<!-- generated: {name} -->\n{BLOCKS[name]()}<!-- end: {name} -->"

    endless = _BEGINNING.search(_BLOCK.sub("", text))
    if endless is not None:
        raise ValueError(f"{endless[1]}: a block without its end, <!-- end: {endless[1]} -->")
    return _BLOCK.sub(block, text)


def _decision(rules: Iterable[tuple[object, ...]], columns: Sequence[str]) -> str:
    return _table(columns, ([_cell(value) for value in rule] for rule in rules))


def _cell(value: object) -> str:
    if value == ANY:
        return "any"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"**{value}**"


def _described(module: ModuleType, constant: str, columns: Sequence[str]) -> str:
    """A table of the words in a tuple of a module, and the comments beside them there."""
    start = f"{constant} = ("
    source = inspect.getsource(module)
    body = source[source.index(start) + len(start) :].split("\n)", 1)[0]
    words = getattr(module, constant)
    found = _ENTRY.findall(body)
    if [word for word, _ in found] != list(words):
        raise ValueError(f"{module.__name__}.{constant}: one quoted word a line was expected")
    return _table(columns, ([f"`{word}`", comment] for word, comment in found))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _reasons() -> str:
    told = [("REJECTED", reasons.REFUSED), ("FAILED", reasons.FAILED)]
    return _table(
        ("reason", "status", "when", "what to do"),
        ([f"`{word}`", status, one.when, one.remedy] for status, words in told for word, one in words.items()),
    )


def _meanings(words: Mapping[str, Meaning], column: str) -> str:
    """What each word means, and what to do about it."""
    return _table(
        (column, "when", "what to do"), ([f"`{word}`", one.when, one.remedy] for word, one in words.items())
    )


def _drawing(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def _tree(module: ModuleType) -> str:
    """The tree of errors as the opening docstring draws it."""
    paragraphs = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    return _drawing(next(paragraph for paragraph in paragraphs if paragraph.startswith("FotaError")))


def _home_layout() -> str:
    return _drawing(inspect.cleandoc(home.__doc__ or "").split("\n\n", 1)[1])


BLOCKS: dict[str, Callable[[], str]] = {
    "verdicts": lambda: _decision(
        trial.VERDICTS, ("is there a trial?", "of the running slot?", "does its slot start next?", "verdict")
    ),
    "actions": lambda: _decision(
        boot.ACTIONS,
        ("does a trial start next?", "is an attempt left?", "does its slot prove itself?", "action"),
    ),
    "conclusions": lambda: _decision(
        flow.CONCLUSIONS,
        (
            "failed before a trial?",
            "installed?",
            "rolled back?",
            "does the job's image run?",
            "conclusion",
        ),
    ),
    "causes": lambda: _described(record, "CAUSES", ("cause", "when")),
    "events": lambda: _described(events, "EVENTS", ("event", "facts, and what happened")),
    "error-tree": lambda: _tree(errors),
    "iot-error-tree": lambda: _tree(iot_errors),
    "home-layout": _home_layout,
    "commands": commands_reference,
    "json": json_reference,
    "board": board_example,
    "reasons": _reasons,
    "rollback-causes": lambda: _meanings(reasons.CAUSES, "cause"),
    "statuses": lambda: _meanings(reasons.STATUSES, "status"),
}
"""Every block, by its name."""


if __name__ == "__main__":
    sys.exit(main())
