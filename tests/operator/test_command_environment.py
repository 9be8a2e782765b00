"""The command `fota` where a stream is closed, full or no UTF-8, and when it is told to end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

COMMAND = f"exec {sys.executable} -m fota_operator.cli.main"
DEADLINE_S = 30


def shell(arguments: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", f"{COMMAND} {arguments}"],
        cwd=folder,
        env={**os.environ, "FOTA_KEYS": str(folder / "keys"), **environment},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_hinders_no_command(tmp_path: Path, closed: str) -> None:
    done = shell(f"keys new a {closed}", tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["a.pem", "a.pub"]


@pytest.mark.parametrize("arguments", ["--version", "keys list"])
def test_a_result_that_cannot_be_written_ends_in_one_line(tmp_path: Path, arguments: str) -> None:
    shell("keys new a", tmp_path)
    done = shell(f"{arguments} >/dev/full", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "cannot write the result: No space left" in done.stderr


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    done = shell("--version | true", tmp_path)
    assert done.stderr == ""


def test_a_file_name_that_is_no_text_is_told_all_the_same(tmp_path: Path) -> None:
    shell("keys new a", tmp_path)
    done = shell(
        "keys export --product p --hardware h -o \"$(printf 'odd-\\377')\"", tmp_path, PYTHONIOENCODING="utf-8"
    )
    assert (done.returncode, done.stdout) == (0, "odd-\\udcff\n")


@pytest.mark.e2e
@pytest.mark.usefixtures("hangups_are_heard")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_end_cleans_up(tmp_path: Path, number: signal.Signals) -> None:
    note = tmp_path / "aws" / "running.json"
    command = [sys.executable, "-m", "fota_operator.cli.main", "local", "up", "--folder", str(note.parent)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + DEADLINE_S
        while not note.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(DEADLINE_S) == 128 + number
    servers = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path) in _read(path)]
    assert servers == []


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
