"""Runs the process of one image: starts it, ends it with all that it has started, keeps what it said last.

`supervisor` decides which image, for how long, and what its end means.

The image is guarded in both directions. What it leaves running is a descendant of ours even in a session of its own,
since Linux gives us its orphans (a child subreaper), and is killed before anything else starts. And the image is
killed when we are: a small launcher asks for that and becomes the image. It says when it does, and if it cannot: an
image that was never started has not crashed. What the image has started besides is ended by `leftovers`.
"""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress

from fota.log import log
from fota_boot.last_words import LastWords, last_words, place_of_abort
from fota_boot.linux import SET_PDEATHSIG, descendants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_TAIL_BYTES = 32_768
_SWEEP_WITHIN_S = 10
_REST_OF_STDERR_WITHIN_S = 2
_LOOK_EVERY_S = 0.2

# Run by a Python without site, environment and current folder: nothing of the image is imported here.
_LAUNCHER = f"""
import os, sys
tells = int(sys.argv[2])
os.set_inheritable(tells, False)
try:
    import ctypes
    ctypes.CDLL(None).prctl({SET_PDEATHSIG}, {signal.SIGKILL:d}, 0, 0, 0)
except Exception:
    pass
if os.getppid() != int(sys.argv[1]):
    os._exit(1)  # The supervisor was killed before we asked for its end.
os.write(tells, b"!")
try:
    os.execv(sys.argv[3], sys.argv[3:])
except OSError as error:
    # No memory, or no room for a process: nothing of the image has run.
    os.write(tells, str(error).encode())
    os._exit(1)
"""


class ImageProcess:
    """The process of an image, from its start until nothing of it is left."""

    def __init__(self, path: str, command: "list[str]", environment: "dict[str, str]", *, listens: bool) -> None:
        """Start it; `path`: the image, or its tree. `listens`: its stderr is read, and passed on, for its last words.

        The path of the image is absolute, so that it never begins with a dash: Python would take it for an option.
        *Raises* OSError where no process can be made.
        """
        self._path = path
        self._started_s = time.monotonic()
        self._launch, tells = os.pipe()
        try:
            os.set_blocking(self._launch, False)
            self._stderr = _Stderr() if listens else None
            launcher = [command[0], "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), str(tells)]
            try:
                self._child = subprocess.Popen(  # noqa: S603 - the image proved itself a moment ago
                    [*launcher, *command],
                    env=environment,
                    start_new_session=True,
                    stderr=None if self._stderr is None else self._stderr.writer,
                    pass_fds=(tells,),
                )
            finally:
                if self._stderr is not None:
                    self._stderr.handed_on()
        except OSError:
            os.close(self._launch)
            raise
        finally:
            os.close(tells)

    def has_ended(self) -> bool:
        """Whether the image's process has ended. Orphans that have ended meanwhile are buried, as PID 1 must."""
        _bury_orphans(self._child.pid)
        return self._child.poll() is not None

    @property
    def status(self) -> int:
        """How it ended: an exit status, or a signal as a negative number."""
        return self._child.returncode

    def end_in_words(self) -> str:
        """The exit status, or the name of the signal that ended it."""
        try:
            return str(self.status) if self.status >= 0 else signal.Signals(-self.status).name
        except ValueError:
            return f"signal {-self.status}"

    def lived_s(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._started_s

    def send_signal(self, number: int) -> None:
        """Pass a signal on."""
        self._child.send_signal(number)

    def stop(self, grace_s: float, meanwhile: "Callable[[], None]") -> None:
        """Ask it to end; kill it if it does not within the grace. *Blocks* until it has ended.

        `meanwhile` is called again and again until then.
        """
        self._child.terminate()
        self._await_end(grace_s, meanwhile)

    def abort(self, grace_s: float, meanwhile: "Callable[[], None]") -> None:
        """The same with SIGABRT, as systemd does it: a program that hangs can say where, as `faulthandler` does."""
        self._child.send_signal(signal.SIGABRT)
        # One that is stopped would not see it.
        self._child.send_signal(signal.SIGCONT)
        self._await_end(grace_s, meanwhile)

    def _await_end(self, grace_s: float, meanwhile: "Callable[[], None]") -> None:
        end_s = time.monotonic() + grace_s
        while self._child.poll() is None:
            meanwhile()
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                log("image-killed", status=-signal.SIGKILL)
                self._child.kill()
                self._child.wait()
                return
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(min(left_s, _LOOK_EVERY_S))

    def sweep(self, *, spared: "tuple[int, ...]" = ()) -> None:
        """End everything that it left running: two images must never run at once. *Blocks* for 10 s at most."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        end_s = time.monotonic() + _SWEEP_WITHIN_S
        while left := [pid for pid in descendants() if pid not in spared]:
            for pid in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            _bury_orphans()
            if time.monotonic() > end_s:
                log("image-unguarded", problem=f"still there after {_SWEEP_WITHIN_S} s: {left}")
                return
            time.sleep(0.005)

    def why_not_started(self) -> str:
        """Why the launcher never became the image; empty if it did. Call it once, after `sweep`."""
        try:
            told = os.read(self._launch, 1_000).decode()
        except BlockingIOError:
            # A process that was not found has the other end still.
            told = ""
        os.close(self._launch)
        return "" if told == "!" else told[1:] or "the launcher ended"

    def last_words(self) -> LastWords:
        """The error that it ended with, if its stderr was read. Call it after `sweep`."""
        return LastWords() if self._stderr is None else last_words(self._stderr.end(), self._path)

    def where_it_hung(self) -> str:
        """Where it was when it was aborted, if its stderr was read and says it. Call it after `sweep`."""
        return "" if self._stderr is None else place_of_abort(self._stderr.end())


class _Stderr:
    """A pipe in the place of the image's stderr: what comes is passed on to ours, and its end is kept."""

    def __init__(self) -> None:
        """*Raises* OSError where no descriptor is free, or no thread."""
        self._reader, self.writer = os.pipe()
        self._tail = b""
        self._thread = threading.Thread(target=self._pass_on, name="image-stderr", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            os.close(self._reader)
            os.close(self.writer)
            raise OSError(str(error)) from error

    def handed_on(self) -> None:
        """The image has its end of the pipe, or was not started: it ends with the last process that has it."""
        os.close(self.writer)

    def end(self) -> bytes:
        """What came last, once all of it was read."""
        self._thread.join(_REST_OF_STDERR_WITHIN_S)
        return self._tail

    def _pass_on(self) -> None:
        while chunk := os.read(self._reader, 65_536):
            self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
            with suppress(OSError):
                while chunk:
                    chunk = chunk[os.write(2, chunk) :]
        os.close(self._reader)


def _bury_orphans(*others: int) -> None:
    """Take note of the end of every child that has ended; stop at one of `others`, whose end somebody else awaits."""
    with suppress(ChildProcessError):
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_pid in others:
                return
            os.waitpid(ended.si_pid, os.WNOHANG)
