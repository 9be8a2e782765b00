"""Follows a page as a reader would: makes its files, types its commands into one shell, compares its output.

A block of Python with `file=NAME` is a file; a block of `sh` is typed, but for one marked `skip`, and one marked
`again` is typed until the `text` block after it fits. Leaves to others: the shell (`shell`).
"""

import os
import re
from itertools import pairwise
from pathlib import Path

from tests.labs.docs_pages import ROOT, Block, blocks, read
from tests.labs.shell import Shell

FOLDER_OF_A_CLONE = "try"


def folder_in_a_clone(folder: Path) -> Path:
    """A folder for the shell of a page that says `../examples`, as in a clone of the repository."""
    made = folder / FOLDER_OF_A_CLONE
    made.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    return made


def follow(page: str, shell: Shell, folder: Path) -> int:
    """Do every step of a page; returns how many commands were typed. *Raises* AssertionError at one that differs."""
    followed = 0
    for block, following in pairwise([*blocks(read(page)), Block("", "", "")]):
        expected = following.content if following.language == "text" else ""
        if block.words.startswith("file="):
            path = folder / block.words.removeprefix("file=")
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.content)
        elif block.language == "sh" and block.words != "skip":
            again = block.words == "again"
            output = shell.type_until(pattern(expected), block.content) if again else shell.type(block.content)
            assert pattern(expected).search(output), f"expected:\n{expected}\ngot:\n{output}"
            followed += 1
    return followed


def pattern(expected: str) -> re.Pattern[str]:
    """What a page shows, where `...` stands for anything in a line, or for any lines when it is alone."""
    lines = [
        r"(?:.*\n)*?"
        if line == "..."
        else r".*?".join(re.escape(part.strip()) for part in line.split("...")) + r"\s*\n"
        for line in expected.splitlines()
    ]
    return re.compile("^" + "".join(lines), re.MULTILINE)


def running_below(folder: Path) -> list[str]:
    """The command lines of processes that name the folder or work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            inside = str(folder) in line or (process / "cwd").resolve().is_relative_to(folder)
        except OSError:
            continue
        if inside and int(process.name) != os.getpid() and not line.startswith("bash"):
            found.append(line)
    return found
