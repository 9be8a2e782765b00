"""`fota-boot` as a command: it provisions a home, and says in one line what it refuses."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from fota.boards.files import FilesBoard
from fota.record import Record
from fota.storage import HomeLock
from fota_boot.options import parse
from tests.labs.boot_lab import WAITS, one_line

pytestmark = pytest.mark.slow


def test_a_factory_image_makes_a_home_and_the_command_ends(lab):
    done = lab.run("--factory", str(lab.image("factory", WAITS)), "--slots", "3", "--slot-size", "5000")
    assert done.returncode == 0, done.stderr
    home = FilesBoard(str(lab.home_path))
    assert (home.slots.count, home.slots.capacity_bytes(2), home.records.load()) == (3, 5000, Record(0))
    assert lab.started() == []


def test_a_home_is_not_provisioned_twice(lab):
    lab.provision()
    one_line(lab.run("--factory", str(lab.folder / "factory.pyz")), "holds slots already")


def test_a_factory_image_that_is_not_there_is_said(lab):
    one_line(lab.run("--factory", str(lab.folder / "gone.pyz")), "gone.pyz", "no such file")
    assert not lab.home_path.exists()


def test_a_folder_is_no_factory_image(lab):
    one_line(lab.run("--factory", str(lab.folder)), str(lab.folder), "a directory; --factory expects an image")
    assert not lab.home_path.exists()


ORDER = "\x1b]0;owned\x07\x1b[2J"


@pytest.mark.parametrize(
    "words", [("--factory", f"gone{ORDER}"), ("--doctor", "--thing", f"gone{ORDER}"), (f"--{ORDER}",)]
)
def test_what_was_typed_is_repeated_without_its_orders_to_the_terminal(lab, words):
    done = lab.run(*words)
    assert "\\x1b]0;owned" in done.stdout + done.stderr
    assert not {"\x1b", "\x07"} & set(done.stdout + done.stderr)


def test_a_factory_image_without_a_byte_is_said(lab):
    (lab.folder / "empty.pyz").touch()
    one_line(lab.run("--factory", str(lab.folder / "empty.pyz")), "empty.pyz", "holds no bytes")
    assert not lab.home_path.exists()


def test_a_factory_image_may_be_named_by_a_link(lab):
    (lab.folder / "latest.pyz").symlink_to(lab.image("factory", WAITS).name)
    done = lab.run("--factory", str(lab.folder / "latest.pyz"))
    assert done.returncode == 0, done.stderr


def test_two_do_not_provision_one_folder_at_once(lab):
    lab.home_path.mkdir()
    other = HomeLock(f"{lab.home_path}/lock")
    other.take()
    one_line(lab.run("--factory", str(lab.image("factory", WAITS))), "another program")
    assert [path.name for path in lab.home_path.iterdir()] == ["lock"]
    os.close(other.descriptor)


def test_a_factory_image_that_is_too_large_is_said(lab):
    one_line(lab.run("--factory", str(lab.image("large", WAITS)), "--slot-size", "10"), "10 bytes")


def test_more_slots_than_there_can_be_are_said(lab):
    one_line(lab.run("--factory", str(lab.image("factory", WAITS)), "--slots", "17"), "2 to 16")


def test_a_folder_that_holds_no_slots_is_said_with_what_to_do(lab):
    one_line(lab.run(), "--factory IMAGE")


@pytest.mark.parametrize(
    "options",
    [
        ["--deadline", "0"],
        ["--deadline", "-1"],
        ["--deadline", "soon"],
        ["--attempts", "0"],
        ["--attempts", "\u00b2"],
        ["--slots", "x"],
        ["--slot-size", "1.5"],
        ["--unknown"],
    ],
    ids=" ".join,
)
def test_a_misused_command_ends_with_2_and_starts_nothing(lab, options):
    lab.provision()
    done = lab.run(*options)
    assert done.returncode == 2
    assert "usage: fota-boot" in done.stderr
    assert lab.started() == []


@pytest.mark.parametrize("options", [["--home", ""], ["--home", "home", "--doctor", "--thing", ""]])
def test_a_folder_without_a_name_is_not_the_root_of_the_file_system(tmp_path, options):
    command = [sys.executable, "-m", "fota_boot.command", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, "expected a folder, got ''" in done.stderr) == (2, True)


def test_a_home_must_be_named():
    done = subprocess.run([sys.executable, "-m", "fota_boot.command"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--home" in done.stderr


def test_the_installed_command_is_the_same():
    command = Path(sys.executable).parent / "fota-boot"
    done = subprocess.run([str(command), "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "The exit status is 0 if it stopped when asked to" in done.stdout


def test_the_command_says_its_version_without_a_home(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == metadata.version("aws-iot-fota") + "\n"
