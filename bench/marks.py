"""Reads the moments that a process prints, one a line: `mark NAME SECONDS`, by the clock that all processes share."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import ProcessFailed

_LOOK_S = 0.02


@dataclass(frozen=True)
class Mark:
    """One moment."""

    name: str
    at_s: float


def marks_in(text: str) -> list[Mark]:
    """All moments in a text; a line that is not complete yet is left out, and so is everything else."""
    lines = [
        line.split() for line in text.splitlines(keepends=True) if line.startswith("mark ") and line.endswith("\n")
    ]
    return [Mark(words[1], float(words[2])) for words in lines]


def await_mark(log: Path, name: str, count: int, process: "subprocess.Popen[bytes]", within_s: float) -> list[Mark]:
    """Wait until there are `count` moments of that name; returns all moments. *Raises* ProcessFailed."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        is_running = process.poll() is None
        found = marks_in(log.read_text(errors="replace"))
        if sum(mark.name == name for mark in found) >= count:
            return found
        if not is_running:
            break
        time.sleep(_LOOK_S)
    last = log.read_text(errors="replace")[-2000:]
    raise ProcessFailed(f"the mark {name!r} number {count} did not come; the last that was said:\n{last}")


def spans(marks: Sequence[Mark], first: str, last: str) -> tuple[float, ...]:
    """The seconds from each moment `first` to the next moment `last`."""
    found, began_s = [], None
    for mark in marks:
        if mark.name == first:
            began_s = mark.at_s
        elif mark.name == last and began_s is not None:
            found.append(mark.at_s - began_s)
            began_s = None
    return tuple(found)
