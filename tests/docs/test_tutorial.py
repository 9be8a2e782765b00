"""The tutorial, run as it is written: its files made, its commands typed into one shell, its output compared."""

import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.labs.docs_pages import Block, blocks, read
from tests.labs.shell import Shell

pytestmark = pytest.mark.e2e

MIN_FOLLOWED_STEPS = 12


def test_every_step_of_the_tutorial_does_what_the_page_says(shell: Shell, tmp_path: Path) -> None:
    steps = blocks(read("docs/tutorial.md"))
    followed = 0
    for block, following in pairwise([*steps, Block("", "", "")]):
        expected = following.content if following.language == "text" else ""
        if block.language == "python":
            path = tmp_path / block.words.removeprefix("file=")
            path.parent.mkdir()
            path.write_text(block.content)
        elif block.language == "sh" and block.words != "skip":
            again = block.words == "again"
            output = shell.type_until(pattern(expected), block.content) if again else shell.type(block.content)
            assert pattern(expected).search(output), f"expected:\n{expected}\ngot:\n{output}"
            followed += 1
    assert followed >= MIN_FOLLOWED_STEPS
    assert running_below(tmp_path) == []


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
