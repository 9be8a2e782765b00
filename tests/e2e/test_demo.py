"""The demo is the main job: each of its scenes, as a user sees it."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fota_operator.demo.story import Narrator, play
from fota_operator.jobs.progress import ExecutionStatus

pytestmark = pytest.mark.e2e


def processes_that_name(words: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if words in command:
                found.append(command)
    return found


def test_the_demo_ends_well_and_leaves_nothing_behind(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "fota_operator.cli.main", "demo"],
        env={**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    table = told.stdout[told.stdout.index("What came of each image") :]
    rows = [line for line in table.splitlines() if line.rstrip().endswith("  yes")]
    assert (len(rows), "Every line is as it must be." in table) == (12, True)
    (patched,) = [line for line in table.splitlines() if line.startswith("11 ")]
    assert int(patched.partition("patch of ")[2].split()[0].replace(",", "")) < 8192
    for words in ("SUCCEEDED", "rolled-back", "hung", "crashed", "hash-mismatch", "known-bad"):
        assert words in table
    for words in ("unknown-key", "older-release", "wrong-hardware", "unsigned"):
        (row,) = [line for line in table.splitlines() if f" {words} " in line]
        assert row.split()[1:5] == ["REJECTED", words, "0", "0"]
    put_off = [line for line in told.stdout.splitlines() if "put off before the download: the pump runs" in line]
    assert put_off
    assert max(map(len, put_off)) <= 80
    assert "fota status: 1 device puts it off; now the pump stops" in told.stdout
    assert "X-Amz-Signature" not in told.stdout + told.stderr
    assert list(tmp_path.iterdir()) == []
    assert processes_that_name(str(tmp_path)) == []


class Silent(Narrator):
    """Hears the story, and says nothing."""

    def scene(self, title: str) -> None: ...

    def operator(self, text: str) -> None: ...

    def thief(self, text: str) -> None: ...

    def device(self, line: str) -> None: ...

    def job(self, execution: ExecutionStatus) -> None: ...


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a file system in memory")
def test_the_demo_is_played_where_temporary_files_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")
    assert list(play(Silent(), scenes=())) == []


def test_a_demo_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fota_operator.cli.main", "demo"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert any("firmware 1 is connected" in line for line in demo.stdout)
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
    assert demo.returncode == 128 + signal.SIGTERM
    assert processes_that_name(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
