"""Every trouble of the line is one line with its remedy, and soon."""

import fcntl
import os
import pty
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fota_operator.board.link import find_port, opened
from fota_operator.errors import BadInput, BoardFailed, NotFound, OperatorError
from tests.labs.fota_command import FotaCommand
from tests.labs.interpreter import only_where_it_runs
from tests.labs.serial_board import SerialBoard


class Port:
    """As much of a port as pyserial tells."""

    def __init__(self, device: str, vid: "int | None" = 0x303A) -> None:
        self.device, self.vid = device, vid


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[Port]:
    """The ports that the operating system knows, to be filled by the test."""
    found: list[Port] = []
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    return found


@pytest.fixture
def silent_port() -> Iterator[Path]:
    """A serial port where nobody answers."""
    outer, inner = pty.openpty()
    yield Path(os.ttyname(inner))
    os.close(outer)
    os.close(inner)


def test_the_only_board_that_is_plugged_in_is_taken(ports: list[Port]) -> None:
    ports += [Port("/dev/ttyS0", None), Port("/dev/ttyACM0")]
    assert find_port(None) == "/dev/ttyACM0"


def test_of_two_boards_one_must_be_named(ports: list[Port]) -> None:
    ports += [Port("/dev/ttyACM1"), Port("/dev/ttyACM0")]
    with pytest.raises(BadInput, match="2 boards are plugged in: /dev/ttyACM0, /dev/ttyACM1; name one with `port`"):
        find_port(None)


def test_no_board_and_no_such_port(ports: list[Port], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no board is plugged in; plug one in, with a cable that carries data"):
        find_port(None)
    with pytest.raises(NotFound, match="there is no such port; plug the board in; no board is seen now"):
        find_port(str(tmp_path / "ttyACM9"))
    (tmp_path / "letter").write_text("")
    with pytest.raises(BadInput, match="letter is no serial port"):
        find_port(str(tmp_path / "letter"))


def test_the_command_says_it_in_one_line(ports: list[Port]) -> None:
    done = FotaCommand()("board", "doctor", "--port", "/dev/ttyNONE")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("fota: /dev/ttyNONE: there is no such port; plug the board in")


def test_a_port_that_another_program_has_open(silent_port: Path) -> None:
    with silent_port.open("rb+", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BoardFailed, match="is in use by another program"), opened(str(silent_port)):
            pass


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "you may not open it; add yourself to the group"),
        (OSError(16, "Device or resource busy"), "is in use by another program; close that program"),
        (OSError(6, "No such device or address"), "cannot be opened: No such device or address; plug the board in"),
    ],
)
def test_what_the_operating_system_refuses(
    silent_port: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    # A root user may open everything: what the system says to others is said here.
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr("fota_operator.board.link.os.open", refuse)
    with pytest.raises(BoardFailed, match=words), opened(str(silent_port)):
        pass


@pytest.mark.slow
def test_something_that_is_no_micropython(silent_port: Path) -> None:
    began = time.monotonic()
    refused = pytest.raises(BoardFailed, match="nothing there answers as MicroPython does; press its reset button")
    with refused, opened(str(silent_port)):
        pass
    assert time.monotonic() - began < 40


def test_without_mpremote_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, silent_port: Path) -> None:
    monkeypatch.setitem(sys.modules, "mpremote.transport", None)
    monkeypatch.delitem(sys.modules, "fota_operator.board.link")
    with pytest.raises(OperatorError, match=r"mpremote\.transport is not installed; run, .*'\.\[micropython\]'"):
        __import__("fota_operator.board.link")


@only_where_it_runs
@pytest.mark.slow
def test_what_mpremote_prints_is_in_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SerialBoard(tmp_path / "board", deaf=True) as board, pytest.raises(BoardFailed), opened(str(board.port)):
        pass
    assert capsys.readouterr().out == ""
