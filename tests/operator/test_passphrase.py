"""Passphrases as the command gets them: from a file, the environment, a terminal; never shown."""

import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fota_operator.trust.keys import KeyFolder
from tests.labs.fota_command import FotaCommand

PASSPHRASE = "correct horse battery staple"
DEADLINE_S = 30
POLL_S = 0.05


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


def opens(folder: Path, passphrase: str = PASSPHRASE) -> bool:
    keys = KeyFolder(folder)
    return bool(keys.private_key(keys.get("a"), lambda _: passphrase.encode()))


def test_a_passphrase_comes_from_a_file(elsewhere: FotaCommand, tmp_path: Path, passphrase_file: Path) -> None:
    result = elsewhere("keys", "new", "a", "--keys", tmp_path / "k", "--passphrase-file", passphrase_file)
    assert result.exit_code == 0
    assert (tmp_path / "k/a.pem").read_text().startswith("-----BEGIN ENCRYPTED")
    assert opens(tmp_path / "k")
    assert PASSPHRASE not in result.output


def test_a_passphrase_may_be_no_text(elsewhere: FotaCommand, tmp_path: Path) -> None:
    elsewhere.environment["FOTA_PASSPHRASE"] = os.fsdecode(b"caf\xe9")
    result = elsewhere("keys", "new", "a", "--keys", tmp_path / "k")
    assert result.exit_code == 0
    keys = KeyFolder(tmp_path / "k")
    assert keys.private_key(keys.get("a"), lambda _: b"caf\xe9")


def test_an_empty_line_is_said_to_be_one(elsewhere: FotaCommand, tmp_path: Path, passphrase_file: Path) -> None:
    passphrase_file.write_text("\n")
    result = elsewhere("keys", "new", "a", "--keys", tmp_path / "k", "--passphrase-file", passphrase_file)
    assert "expected one line, got 1, which is empty" in result.stderr


def test_a_passphrase_comes_from_the_environment(elsewhere: FotaCommand, tmp_path: Path) -> None:
    elsewhere.environment["FOTA_PASSPHRASE"] = PASSPHRASE
    result = elsewhere("keys", "new", "a", "--keys", tmp_path / "k")
    assert opens(tmp_path / "k")
    assert PASSPHRASE not in result.output


def test_an_empty_environment_makes_no_key_without_protection(elsewhere: FotaCommand, tmp_path: Path) -> None:
    elsewhere.environment["FOTA_PASSPHRASE"] = ""
    result = elsewhere("keys", "new", "a", "--keys", tmp_path / "k")
    assert (result.exit_code, "FOTA_PASSPHRASE is empty" in result.stderr) == (2, True)
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("content", ["", "\n", "two\nlines\n", "x" * 2000])
def test_a_file_that_holds_no_passphrase_is_refused(
    elsewhere: FotaCommand, tmp_path: Path, passphrase_file: Path, content: str
) -> None:
    passphrase_file.write_text(content)
    result = elsewhere("keys", "new", "a", "--keys", tmp_path / "k", "--passphrase-file", passphrase_file)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "k").exists()


def test_there_is_no_option_that_takes_a_passphrase_itself(elsewhere: FotaCommand) -> None:
    for command in (["keys", "new"], ["keys", "rotate"], ["release", "create"]):
        words = elsewhere(*command, "--help").stdout.split()
        assert [word for word in words if word.startswith("--passphrase")] == ["--passphrase-file"]


def test_to_sign_with_an_encrypted_key_where_nobody_can_be_asked_is_told_in_one_line(
    elsewhere: FotaCommand, tmp_path: Path, image_file: Path
) -> None:
    KeyFolder(tmp_path / "k").new("a", PASSPHRASE.encode())
    result = elsewhere(*create(tmp_path, image_file))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "--passphrase-file" in result.stderr
    assert not (tmp_path / "x.release").exists()


@pytest.mark.parametrize(("given", "exit_status"), [(PASSPHRASE, 0), ("wrong", 1)])
def test_signing_with_an_encrypted_key_takes_its_passphrase(
    elsewhere: FotaCommand, tmp_path: Path, image_file: Path, passphrase_file: Path, given: str, exit_status: int
) -> None:
    KeyFolder(tmp_path / "k").new("a", PASSPHRASE.encode())
    passphrase_file.write_text(given)
    result = elsewhere(*create(tmp_path, image_file), "--passphrase-file", passphrase_file)
    assert (result.exit_code, (tmp_path / "x.release").exists()) == (exit_status, exit_status == 0)
    assert given not in result.output


def create(folder: Path, image_file: Path) -> list[object]:
    product = ["--product", "pump", "--hardware", "rev-a"]
    return [
        "release",
        "create",
        image_file,
        *product,
        "--sign",
        "a",
        "--keys",
        folder / "k",
        "-o",
        folder / "x.release",
    ]


class Terminal:
    """The command as a process with a terminal, and somebody who types there."""

    def __init__(self, *arguments: object) -> None:
        self._ours, theirs = os.openpty()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FOTA_")}
        self.shown = b""
        self._answered = 0
        # A session without a terminal gets the first that it opens.
        shell = ["sh", "-c", f'exec "$0" "$@" <>{os.ttyname(theirs)} 2>&0']
        self._process = subprocess.Popen(
            [*shell, sys.executable, "-m", "fota_operator.cli.main", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)

    def type(self, prompt: str, line: str) -> None:
        """Once it has asked."""
        deadline = time.monotonic() + DEADLINE_S
        while prompt.encode() not in self.shown[self._answered :]:
            assert self._process.poll() is None, self.shown
            assert time.monotonic() < deadline, self.shown
            self._read()
        self._answered = len(self.shown)
        os.write(self._ours, line.encode() + b"\n")

    def end(self) -> int:
        """Its exit status."""
        deadline = time.monotonic() + DEADLINE_S
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._process.kill()
            self._read()
        self._read()
        assert self._process.stdout is not None
        self._process.stdout.close()
        os.close(self._ours)
        return self._process.returncode

    def _read(self) -> None:
        if select.select([self._ours], [], [], POLL_S)[0]:
            # Once the other end is closed, reading is an error.
            with suppress(OSError):
                self.shown += os.read(self._ours, 4096)


def test_on_a_terminal_a_passphrase_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    terminal = Terminal("keys", "new", "a", "--keys", tmp_path / "k")
    terminal.type("Passphrase for a", PASSPHRASE)
    terminal.type("The same again", PASSPHRASE)
    assert terminal.end() == 0
    assert opens(tmp_path / "k")
    assert PASSPHRASE.encode() not in terminal.shown


def test_on_a_terminal_two_passphrases_that_differ_make_no_key(tmp_path: Path) -> None:
    terminal = Terminal("keys", "new", "a", "--keys", tmp_path / "k")
    terminal.type("Passphrase for a", PASSPHRASE)
    terminal.type("The same again", PASSPHRASE + "!")
    assert terminal.end() == 2
    assert not (tmp_path / "k").exists()


def test_on_a_terminal_nothing_is_no_passphrase_and_it_is_said(tmp_path: Path) -> None:
    terminal = Terminal("keys", "new", "a", "--keys", tmp_path / "k")
    terminal.type("Passphrase for a", "")
    assert terminal.end() == 0
    assert b"NOT encrypted" in terminal.shown
    assert b"BEGIN PRIVATE KEY" in (tmp_path / "k/a.pem").read_bytes()


def test_on_a_terminal_the_passphrase_of_a_key_is_asked_for_to_sign(tmp_path: Path, image_file: Path) -> None:
    KeyFolder(tmp_path / "k").new("a", PASSPHRASE.encode())
    terminal = Terminal(*create(tmp_path, image_file))
    terminal.type("Passphrase for a", PASSPHRASE)
    assert terminal.end() == 0
    assert (tmp_path / "x.release").is_file()
