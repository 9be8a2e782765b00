"""Writes the last figures into a block of a documentation page, with the command and the machine.

Pure, except that it looks at the machine.
"""

import os
import platform
import re
import sys
from collections.abc import Sequence
from datetime import date

from bench.figures import COLUMNS, Outcome, cells

_BLOCK = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def with_figures(text: str, outcomes: Sequence[Outcome], command: str, day: date, machine: str) -> str:
    """The text of a page with its block of figures replaced. *Raises* ValueError if it has none."""
    if not _BLOCK.search(text):
        raise ValueError("the page has no line <!-- figures -->")
    block = "\n".join([f"Made with `{command}` on {day.isoformat()}, on {machine}.", *map(_section, outcomes), ""])
    return _BLOCK.sub(lambda match: match.group(1) + block + match.group(2), text)


def machine_in_words() -> str:
    """What kind of machine this is, without its name."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"a virtual machine or computer with {os.cpu_count()} cores ({platform.machine()}) and {gibibytes:.0f} GiB "
        f"of memory, {platform.system()} {platform.release().split('-')[0]}, Python {python}"
    )


def _section(outcome: Outcome) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *map(cells, outcome.rows)]
    lines_of_table = ["| " + " | ".join(word.strip() for word in line) + " |" for line in lines]
    return "\n".join(
        ["", f"### {outcome.bench}", "", f"Beside {outcome.beside}. Aim: {outcome.aim}.", "", *lines_of_table]
    )
