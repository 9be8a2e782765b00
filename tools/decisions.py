"""Reads the heads of the decisions in docs/adr, and makes the table of all of them.

Every page begins with its number and title, its status and its date. Leaves to the pages: what was decided.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "adr"

STATUSES = ("proposed", "accepted", "superseded", "withdrawn")
"""The closed list. The page that supersedes another one is linked in that one's status."""

_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.md")
_HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>[^\n]+)\n\n"
    r"- Status: (?P<status>[a-z]+)(?: by (?P<successor>\[[^]\n]+\]\([^)\n]+\)))?\n"
    r"- Date: (?P<date>\d{4}-\d{2}-\d{2})\n\n"
)


@dataclass(frozen=True)
class Decision:
    """The head of one page."""

    path: Path
    number: int
    title: str
    status: str
    successor: str
    """The link to the page that supersedes this one; empty for every other status."""
    decided_on: date


def decisions(folder: Path = FOLDER) -> list[Decision]:
    """Every decision, by number. *Raises* ValueError for a page whose name or head is not as it must be."""
    found = [_read(path) for path in sorted(folder.glob("*.md")) if path.name != "index.md"]
    if [one.number for one in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"{folder.name}: expected the numbers from 1 on, each once")
    return found


def decisions_table() -> str:
    """All decisions as a table, for the index."""
    return _table(decisions())


def _table(found: Iterable[Decision]) -> str:
    lines = ["| | decision | status | date |\n| --- | --- | --- | --- |\n"]
    for one in found:
        status = f"{one.status} by {one.successor}" if one.successor else one.status
        lines.append(f"| {one.number} | [{one.title}]({one.path.name}) | {status} | {one.decided_on} |\n")
    return "".join(lines)


def _read(path: Path) -> Decision:
    name = _NAME.fullmatch(path.name)
    head = _HEAD.match(path.read_text(encoding="utf-8"))
    if name is None or head is None:
        raise ValueError(f"{path.name}: expected `NNNN-title.md` that begins with number, title, status and date")
    if int(head["number"]) != int(name[1]):
        raise ValueError(f"{path.name}: its title has the number {head['number']}")
    if head["status"] not in STATUSES:
        raise ValueError(f"{path.name}: status: expected one of {', '.join(STATUSES)}, got {head['status']!r}")
    if (head["successor"] is not None) != (head["status"] == "superseded"):
        raise ValueError(f"{path.name}: status: expected `superseded by [...](...)`, and a link for no other status")
    decided_on = date.fromisoformat(head["date"])
    return Decision(path, int(head["number"]), head["title"], head["status"], head["successor"] or "", decided_on)
