"""`fota-boot --doctor` as a command: what it prints, its exit status, and that it changes nothing."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.doctor_home import home, spoil

pytestmark = pytest.mark.slow

__all__ = ("home",)


def state_of(home):
    files = sorted(Path(home.path).iterdir())
    seen = [(path, path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes()) for path in files]
    return seen, Path(home.path).stat().st_mtime_ns


def test_the_doctor_changes_nothing(lab, home):
    spoil(home, "record", 0)
    before = state_of(home)
    lab.run("--doctor")
    assert state_of(home) == before


def test_the_command_prints_a_line_a_finding_and_ends_with_0(lab, home):
    done = lab.run("--doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.split()[0] in {"ok", "warning"} for line in done.stdout.splitlines())
    assert "warning device: nothing runs from this home" in done.stdout
    assert "warning thing folder: certificate and endpoint were not looked at; add --thing DIR" in done.stdout


def test_the_command_ends_with_1_after_an_error(lab, home):
    home.slots.writer(0, 1).close()
    done = lab.run("--doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert "error   slot 0: " in done.stdout


def test_programs_get_json(lab, home):
    told = json.loads(lab.run("--doctor", "--json").stdout)
    assert told["worst"] == "warning"
    assert all(set(one) == {"subject", "level", "text", "remedy"} for one in told["findings"])


def test_the_command_looks_at_a_device_that_runs_and_leaves_it_be(lab, home):
    process = lab.start()
    lab.wait_for_start(1)
    assert "slot 0 runs under fota-boot" in lab.run("--doctor").stdout
    assert lab.stop(process, signal.SIGINT) == 0
    assert len(lab.events()) == 1


def test_the_operators_command_finds_the_same_on_a_device(lab, home):
    command = [sys.executable, "-m", "fota_operator.cli.main", "doctor", "--home", home.path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert subjects(done.stdout) == subjects(lab.run("--doctor").stdout)


def subjects(told):
    return [line.split(":")[0] for line in told.splitlines()]


@pytest.mark.parametrize(
    "options",
    [
        ["--json"],
        ["--thing", "folder"],
        ["--doctor", "--connect"],
        ["--doctor", "--factory", "image"],
        ["--doctor", "--keyring", "file"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_misuse(lab, home, options):
    done = lab.run(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert lab.started() == []
