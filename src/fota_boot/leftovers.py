"""Ends what images of a home still run while no `fota-boot` does: it was killed, and could not end them itself.

Each image is started with a mark in its environment, which what it starts inherits. A guard, which is a shell that
waits for the end of a pipe, calls this when `fota-boot` was killed; the next `fota-boot` calls it before it starts
anything. What has cleared its environment is not found; a service manager that ends the whole control group, as
systemd does, ends that too.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from fota.log import log

MARK = "FOTA_STARTED_BY"
_WITHIN_S = 10
_GUARD = 'read -r word || exec "$@"'
"""A shell, since it needs a tenth of the memory of another Python: at the end of the pipe it becomes one."""


def mark(home: str) -> str:
    """The value of MARK for the images of a home."""
    return "fota-boot:" + os.path.realpath(home)


def end(home: str) -> None:
    """Kill what images of this home have left running. *Blocks* for 10 s at most."""
    end_s = time.monotonic() + _WITHIN_S
    wanted = f"{MARK}={mark(home)}".encode()
    while left := _marked(wanted):
        log("leftovers-killed", processes=left)
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > end_s:
            return
        time.sleep(0.05)


class Guard:
    """Waits for our end, and then ends what is left of the images of a home."""

    def __init__(self, home: str) -> None:
        """Start it. Without one, as where there is no shell or descriptor, the next start ends what is left."""
        self.pids: tuple[int, ...] = ()
        self._writer = -1
        environment = {name: text for name, text in os.environ.items() if name != MARK}
        reader = -1
        try:
            reader, self._writer = os.pipe()
            self._shell = subprocess.Popen(  # noqa: S603 - our own words
                ["/bin/sh", "-c", _GUARD, "sh", sys.executable, "-m", "fota_boot.leftovers", home],
                stdin=reader,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )
            self.pids = (self._shell.pid,)
        except OSError as error:
            log("image-unguarded", problem=error)
        finally:
            if reader >= 0:
                os.close(reader)

    def dismiss(self) -> None:
        """Nothing is left to guard."""
        if self._writer < 0:
            return
        with suppress(OSError):
            os.write(self._writer, b"\n")
        os.close(self._writer)
        if self.pids:
            with suppress(subprocess.TimeoutExpired):
                self._shell.wait(1)


def _marked(wanted: bytes) -> "list[int]":
    """The processes that have the mark in their environment, but for this one and those above it."""
    above = _self_and_above()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        pid = int(path.parent.name)
        with suppress(OSError):
            if pid not in above and wanted in path.read_bytes().split(b"\0") and _lives(pid):
                found.append(pid)
    return found


def _self_and_above() -> "set[int]":
    above: set[int] = set()
    pid = os.getpid()
    while pid > 0 and pid not in above:
        above.add(pid)
        pid = int(_stat(pid)[1])
    return above


def _lives(pid: int) -> bool:
    return _stat(pid)[0] not in ("Z", "X")


def _stat(pid: int) -> "list[str]":
    """State and parent of a process, as text; those of one that is gone if it is."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
    except OSError:
        return ["X", "0"]


if __name__ == "__main__":
    end(sys.argv[1])
