"""A serial line to MicroPython's REPL, as mpremote opens it: runs scripts there, each wait with a deadline.

Every trouble of the line is one error with its remedy. `LinkLost` is the one after which another try can go on.
Leaves to others: what is run (`scripts`), and what is made of it (`put`, `facts`).
"""

import contextlib
import errno
import io
import os
import stat
import struct
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from fota_operator.errors import IN_THE_CLONE, BadInput, BoardFailed, NotFound, OperatorError

try:
    from mpremote.transport import TransportError
    from mpremote.transport_serial import SerialTransport
    from serial.tools import list_ports
except ImportError as _missing:
    raise OperatorError(
        f"{_missing.name} is not installed", f"run, {IN_THE_CLONE}: pip install '.[micropython]'"
    ) from _missing

BAUD_RATE = 115_200
READ_TIMEOUT_S = 5.0
"""A board that is silent for so long in the middle of an answer is gone."""
BOOT_TIMEOUT_S = 10
"""`boot.py` may take so long in a soft reset; then it is interrupted."""
ENTER_S = 20.0
"""So long a board is asked for its REPL: one that is starting hears nothing at first."""
BUSY_S = 15.0
"""A script may be silent for so long: erasing flash takes its time. A board that was reset in the middle stays so."""

_ANSWER_S = 2.0
_PAUSE_S = 0.1
_BUSY_FOR_A_MOMENT_S = 2.0
_REFUSED = (errno.EACCES, errno.EPERM)
_BUSY = (errno.EBUSY, errno.EAGAIN)
_MAX_SHOWN_PORTS = 8


class LinkLost(BoardFailed):
    """The board is gone, or what came was cut: another try may go on."""


class BoardRaised(BoardFailed):
    """A script ended there with an exception; `line` is the last line of its traceback."""

    def __init__(self, what: str, line: str, remedy: str) -> None:
        super().__init__(f"{what}: {line}", remedy)
        self.line: str = line


def find_port(port: str | None) -> str:
    """The port to use: the one that was named, or the only board that is plugged in. *Raises* BadInput, NotFound."""
    if port is not None:
        if not Path(port).exists() and "://" not in port:
            raise NotFound(f"{port}: there is no such port", f"plug the board in; {_seen()}")
        if Path(port).exists() and not stat.S_ISCHR(Path(port).stat().st_mode):
            raise BadInput(f"{port} is no serial port", f"name one with `port`; {_seen()}")
        return port
    found = _boards()
    if not found:
        raise NotFound("no board is plugged in", "plug one in, with a cable that carries data, or name its `port`")
    if len(found) > 1:
        raise BadInput(f"{len(found)} boards are plugged in: {', '.join(found)}", "name one with `port`")
    return found[0]


def _boards() -> list[str]:
    """The serial ports of USB: others are part of the machine, and no board."""
    return sorted(one.device for one in list_ports.comports() if one.vid is not None)


def _seen() -> str:
    found = _boards()
    return f"these are there: {', '.join(found[:_MAX_SHOWN_PORTS])}" if found else "no board is seen now"


@contextlib.contextmanager
def opened(port: str) -> Iterator["BoardLink"]:
    """A line whose board is at the raw REPL, after a soft reset; `main.py` did not run. *Raises* BoardFailed.

    *Blocks* for half a minute at most. In the end the board is reset: its `main.py` starts.
    """
    link = BoardLink(port)
    try:
        link.enter()
        try:
            yield link
        except LinkLost:
            raise
        except BaseException:
            link.restart()
            raise
        link.restart()
    finally:
        link.close()


class BoardLink:
    """An open port. Use `opened`."""

    def __init__(self, port: str) -> None:
        """*Raises* BoardFailed for a port that cannot be opened, NotFound for one that is gone."""
        self.port: str = port
        """Where the board is."""
        _require_openable(port)
        self._transport = _transport_of(port)
        self._transport.serial.write_timeout = READ_TIMEOUT_S

    def enter(self) -> None:
        """Interrupt what runs, restart the interpreter and get its raw REPL. *Raises* BoardFailed."""
        if not self._interrupts():
            raise BoardFailed(
                f"{self.port}: nothing there answers as MicroPython does",
                "press its reset button and try again; if it has no MicroPython, install that first",
            )
        # A soft reset frees what a program has taken. One that `boot.py` holds up is interrupted by the next try.
        if not self._enters(soft_reset=True, within_s=BOOT_TIMEOUT_S) and not self._interrupts():
            raise BoardFailed(
                f"{self.port}: boot.py does not end within {BOOT_TIMEOUT_S} s, and cannot be interrupted",
                "press its reset button and Ctrl-C in a terminal, and remove boot.py: programs start in main.py",
            )

    def _interrupts(self) -> bool:
        deadline_s = time.monotonic() + ENTER_S
        while not self._enters(soft_reset=False, within_s=_ANSWER_S):
            if time.monotonic() > deadline_s:
                return False
        return True

    def _enters(self, *, soft_reset: bool, within_s: float) -> bool:
        try:
            with _quiet():
                # A program may be in a handler that swallows the first Ctrl-C.
                self._transport.serial.write(b"\r\x03\x03")
                time.sleep(_PAUSE_S)
                self._transport.serial.reset_input_buffer()
                self._transport.enter_raw_repl(soft_reset=soft_reset, timeout_overall=within_s)
        except _TROUBLE as error:
            if not Path(self.port).exists() or _is_gone(error):
                raise self._lost() from error
            return False
        return True

    def run(self, script: str, what: str) -> str:
        """What the script prints there. *Raises* LinkLost, BoardRaised; `what` says what it was for."""
        try:
            with _quiet():
                out, raised = self._transport.exec_raw(script, timeout=BUSY_S)
        except _TROUBLE as error:
            raise self._lost() from error
        if raised:
            lines = raised.decode(errors="replace").strip().splitlines()
            line = lines[-1] if lines else "no traceback"
            if line.startswith(("SyntaxError", "IndentationError", "KeyboardInterrupt")):
                # Our own scripts compile: what came there was cut.
                raise self._lost()
            raise BoardRaised(what, line, "try it again; `fota board doctor` looks at the board")
        return str(out.decode(errors="replace"))

    def restart(self) -> None:
        """Reset the board: its `main.py` starts. No answer comes."""
        with contextlib.suppress(Exception), _quiet():
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")

    def close(self) -> None:
        """Leave the raw REPL, and the port."""
        with contextlib.suppress(Exception), _quiet():
            self._transport.exit_raw_repl()
        with contextlib.suppress(Exception), _quiet():
            self._transport.close()

    def _lost(self) -> LinkLost:
        return LinkLost(
            f"{self.port}: the board does not answer any more",
            "plug it in again and run the same command: it goes on",
        )


def _transport_of(port: str) -> "SerialTransport":
    """*Raises* BoardFailed. A port that was just plugged in is looked at by other programs too, for a moment."""
    deadline_s = time.monotonic() + _BUSY_FOR_A_MOMENT_S
    while True:
        try:
            with _quiet():
                return SerialTransport(port, baudrate=BAUD_RATE, timeout=READ_TIMEOUT_S)
        except _TROUBLE as error:
            # mpremote says only that it failed: what the operating system says was asked before.
            if time.monotonic() > deadline_s:
                raise BoardFailed(
                    f"{port} is in use by another program, or is no serial port",
                    "close the program that has it open, such as mpremote, a terminal or an editor",
                ) from error
            time.sleep(_PAUSE_S)


def _require_openable(port: str) -> None:
    """*Raises* what the operating system says of the port."""
    if not port.startswith("/dev/"):
        return
    try:
        os.close(os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno in _REFUSED:
            remedy = "add yourself to the group that owns the port, often dialout, and log in again"
            raise BoardFailed(f"{port}: you may not open it", remedy) from error
        if error.errno in _BUSY:
            raise BoardFailed(f"{port} is in use by another program", "close that program") from error
        raise LinkLost(f"{port} cannot be opened: {error.strerror}", "plug the board in again") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep off stdout what mpremote prints when it did not expect something."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


# An answer that was cut short is too short for `struct`, or is not there to be looked at.
_TROUBLE = (OSError, TransportError, termios.error, struct.error, IndexError, TypeError)


def _is_gone(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.EIO, errno.ENODEV, errno.ENXIO)
