"""Writes the generated blocks of the documentation from the code, or with `--check` says which are out of date.

A block is between `<!-- generated: NAME -->` and `<!-- end: NAME -->`; the text around it is written by hand.
Leaves to the pages: what a block means. `tools/commands.py` describes the commands.
"""

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from board_example import board_deferred, board_example
from commands import commands_reference
from costs import costs_table
from decisions import decisions_table
from json_reference import json_reference
from not_built import design_tables, readme_list, vocabulary_table

from aws.iot import errors as iot_errors
from aws.iot import flow
from fota import boot, errors, events, record, trial
from fota.boards import files as home
from fota.table import ANY
from fota_operator.cli.wording import worded
from fota_operator.jobs import reasons
from fota_operator.jobs.reasons import Meaning
from fota_operator.rollouts.plan.gate import GATE_FIELDS

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
    out_of_date = stale(pages())
    for page, content in out_of_date.items():
        name = page.relative_to(ROOT)
        if only_check:
            sys.stderr.write(f"{name} is out of date. {_ADVICE}\n")
        else:
            page.write_text(content, encoding="utf-8")
            sys.stdout.write(f"{name}\n")
    return 1 if only_check and out_of_date else 0


def pages() -> list[Path]:
    """Every page that may hold generated blocks."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def stale(written_pages: Iterable[Path]) -> dict[Path, str]:
    """The pages that differ from what the code says, and what they should hold."""
    written = {page: page.read_text(encoding="utf-8") for page in written_pages}
    current = {page: regenerated(text) for page, text in written.items()}
    return {page: text for page, text in current.items() if text != written[page]}


def regenerated(text: str) -> str:
    """The text of a page with each block replaced. *Raises* ValueError for a block that cannot be."""

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
        (
            [f"`{word}`", status, one.when, worded(one.remedy)]
            for status, words in told
            for word, one in words.items()
        ),
    )


def _meanings(words: Mapping[str, Meaning], column: str) -> str:
    """What each word means, and what to do about it."""
    return _table(
        (column, "when", "what to do"), ([f"`{word}`", one.when, worded(one.remedy)] for word, one in words.items())
    )


def _gate() -> str:
    """The fields of a gate, as they are declared."""
    rows = ([f"`{one.name}`", one.allowed, _written(one.default), one.means] for one in GATE_FIELDS)
    return _table(("field", "allowed", "default", "means"), rows)


def _written(default: float) -> str:
    """A default as a plan has it."""
    return str(default).lower() if isinstance(default, bool) else f"{default:g}"


def _drawing(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def _tree(module: ModuleType) -> str:
    """The tree of errors as the opening docstring draws it."""
    paragraphs = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    return _drawing(next(paragraph for paragraph in paragraphs if paragraph.startswith("FotaError")))


def _home_layout() -> str:
    return _drawing(inspect.cleandoc(home.__doc__ or "").split("\n\n", 1)[1])


def _faults(part: str) -> str:
    """A part of the matrix of faults."""
    return _sweeps("page", part)


def _sweeps(module: str, part: str) -> str:
    """What a module of the matrix of faults says, which lives beside the tools."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    made: Callable[[], str] = getattr(importlib.import_module(f"sweeps.faults.{module}"), part)
    return made()


BLOCKS: dict[str, Callable[[], str]] = {
    "verdicts": lambda: _decision(
        trial.VERDICTS, ("is there a trial?", "of the running slot?", "does its slot start next?", "verdict")
    ),
    "actions": lambda: _decision(
        boot.ACTIONS,
        ("does a trial start next?", "is an attempt left?", "does its slot match its seal?", "action"),
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
    "faults": lambda: _faults("faults_table"),
    "fault-steps": lambda: _faults("steps_table"),
    "fault-outcomes": lambda: _faults("outcomes_table"),
    "fault-bugs": lambda: _faults("bugs_table"),
    "fault-gaps": lambda: _faults("gaps_list"),
    "fault-figures": lambda: _faults("figures_table"),
    "messages": lambda: _sweeps("messages", "messages_table"),
    "gate": _gate,
    "events": lambda: _described(events, "EVENTS", ("event", "facts, and what happened")),
    "error-tree": lambda: _tree(errors),
    "iot-error-tree": lambda: _tree(iot_errors),
    "home-layout": _home_layout,
    "commands": commands_reference,
    "json": json_reference,
    "board": board_example,
    "board-deferred": board_deferred,
    "reasons": _reasons,
    "costs": costs_table,
    "decisions": decisions_table,
    "not-yet": readme_list,
    "not-built": design_tables,
    "words-not-built": vocabulary_table,
    "rollback-causes": lambda: _meanings(reasons.CAUSES, "cause"),
    "statuses": lambda: _meanings(reasons.STATUSES, "status"),
}
"""Every block, by its name."""


if __name__ == "__main__":
    sys.exit(main())
