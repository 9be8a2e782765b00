"""The tutorial, run as it is written: its files made, its commands typed into one shell, its output compared."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from docs.pages import Block, blocks, read

pytestmark = pytest.mark.e2e

MARK = "-- end of step --"
STEP_TIMEOUT_S = 90.0
LEAST_FOLLOWED_STEPS = 12


class Shell:
    """One bash that is typed into, block by block, as a reader would."""

    def __init__(self, folder: Path) -> None:
        bin_folder = Path(sys.executable).parent
        ours = ("AWS_", "FOTA_", "SSL_CERT")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._process = subprocess.Popen(
            ["bash", "-eu"],
            cwd=folder,
            env={**environment, "PATH": f"{bin_folder}:{environment['PATH']}", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
            start_new_session=True,
        )

    def type(self, commands: str) -> str:
        """Run the commands; what they wrote to stdout. Fails if one of them failed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{commands}\necho '{MARK}'\n")
        stdin.flush()
        lines = []
        for line in stdout:
            if line.strip() == MARK:
                return "".join(lines)
            lines.append(line)
        pytest.fail(f"the shell ended at:\n{commands}\nafter:\n{''.join(lines)}")

    def type_until(self, expected: re.Pattern[str], commands: str) -> str:
        """The same, again and again until the output fits or time is up: a reader would look again, too."""
        deadline = time.monotonic() + STEP_TIMEOUT_S
        while True:
            output = self.type(commands)
            if expected.search(output) or time.monotonic() >= deadline:
                return output
            time.sleep(0.05)

    def end(self) -> None:
        """Whatever became of the test: nothing that was started here stays."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(STEP_TIMEOUT_S)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    try:
        yield shell
    finally:
        fota = Path(sys.executable).with_name("fota")
        subprocess.run([fota, "local", "down", "--folder", tmp_path / ".fota-local"], check=False)
        shell.end()


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
    assert followed >= LEAST_FOLLOWED_STEPS
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
