"""What the boot chooser of a gateway calls to run its image, on the processes of `kernel`.

The code that calls it is the device's: `fota_boot.processes` with its launcher, `fota_boot.leftovers` with its guard,
and `fota_boot.linux`. Images are threads here: `life` says what one does.
"""

from __future__ import annotations

import builtins
import errno
import os as real_os
import subprocess as real_subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from fota.errors import Busy
from fota_boot import command, heartbeat, leftovers, linux, processes, supervisor
from fota_boot.linux import SET_PDEATHSIG
from sweeps.faults.notices import VirtualNotices
from sweeps.faults.proc import ProcPath
from sweeps.faults.world import PowerOff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sweeps.faults.kernel import Entry, Kernel, Pipe

STARTS_MS = 1_000
"""What an interpreter and its imports take."""

_SET_CHILD_SUBREAPER = 36
_MODULES = (processes, leftovers, linux)


@contextmanager
def installed(kernel: Kernel, active: set[str], runs: Callable[[Entry, list[str]], None]) -> Iterator[None]:
    """While inside, the boot chooser's processes are those of the kernel; `runs` is what an image does."""
    virtual = {
        "os": VirtualOs(kernel),
        "subprocess": VirtualSubprocess(kernel, active, runs),
        "Path": lambda path: ProcPath(kernel, path),
    }
    with ExitStack() as stack:
        for module in _MODULES:
            for name, one in virtual.items():
                if hasattr(module, name):
                    stack.enter_context(patch.object(module, name, one))
        stack.enter_context(patch.object(supervisor, "SignalPipe", lambda _numbers: Signals(kernel)))
        stack.enter_context(patch.object(heartbeat, "Notices", lambda _home: VirtualNotices(kernel)))
        stack.enter_context(patch.object(command, "HomeLock", lambda _path: VirtualLock(kernel)))
        stack.enter_context(patch.dict("sys.modules", {"ctypes": VirtualCtypes(kernel)}))
        yield


class VirtualOs:
    """The module `os`, as far as it is about processes and pipes."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.execv: Callable[[str, list[str]], None] = real_os.execv
        """Only the launcher calls it."""

    def getpid(self) -> int:
        """See `os.getpid`."""
        return self._alive().me().pid

    def getppid(self) -> int:
        """See `os.getppid`."""
        parent = self._alive().me().parent
        return 1 if parent is None else parent.pid

    def kill(self, pid: int, number: int) -> None:
        """See `os.kill`."""
        self._alive().kill(pid, number)

    def killpg(self, group: int, number: int) -> None:
        """See `os.killpg`."""
        self._alive().kill_group(group, number)

    def waitid(self, _kind: int, _which: int, _options: int) -> Any:
        """See `os.waitid` with P_ALL, WEXITED, WNOHANG and WNOWAIT."""
        kernel = self._alive()
        me = kernel.me()
        if not any(entry.parent is me for entry in kernel.entries.values()):
            raise ChildProcessError(errno.ECHILD, "No child processes")
        pid = kernel.ended_child(me)
        return None if pid is None else _Ended(pid)

    def waitpid(self, pid: int, _options: int) -> tuple[int, int]:
        """See `os.waitpid` with WNOHANG."""
        kernel = self._alive()
        return kernel.buried(kernel.me(), pid) or 0, 0

    def pipe(self) -> tuple[int, int]:
        """See `os.pipe`."""
        return self._alive().pipe()

    def close(self, descriptor: int) -> None:
        """See `os.close`."""
        self._alive().close(descriptor)

    def set_blocking(self, descriptor: int, blocking: bool) -> None:
        """See `os.set_blocking`."""
        self._alive().pipe_at(descriptor).blocks = blocking

    def set_inheritable(self, descriptor: int, _inheritable: bool) -> None:
        """See `os.set_inheritable`: what starts an image has the end of a pipe until then."""

    def read(self, descriptor: int, _size: int) -> bytes:
        """See `os.read`."""
        return self._alive().read(descriptor)

    def write(self, descriptor: int, octets: bytes) -> int:
        """See `os.write`; what goes to stderr is read by nobody."""
        kernel = self._alive()
        if descriptor > 2:
            kernel.pipe_at(descriptor).content += octets
        return len(octets)

    def _exit(self, status: int) -> None:
        self._kernel.end(self._kernel.me(), status)

    def _alive(self) -> Kernel:
        """A process that was killed does nothing more."""
        if self._kernel.world.current.is_dead:
            raise PowerOff
        return self._kernel

    def __getattr__(self, name: str) -> Any:
        return getattr(real_os, name)


class _Ended:
    def __init__(self, pid: int) -> None:
        self.si_pid = pid


class VirtualCtypes:
    """The module `ctypes`, as far as prctl(2) needs it."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def CDLL(self, _name: None) -> VirtualCtypes:  # noqa: N802 - its name in `ctypes`
        """The C library."""
        return self

    def prctl(self, what: int, value: int, *_: int) -> int:
        """The call of Linux of that name."""
        me = self._kernel.me()
        me.adopts |= what == _SET_CHILD_SUBREAPER and bool(value)
        me.dies_with_parent |= what == SET_PDEATHSIG
        return 0


class VirtualSubprocess:
    """The module `subprocess`."""

    TimeoutExpired, DEVNULL = real_subprocess.TimeoutExpired, real_subprocess.DEVNULL

    def __init__(self, kernel: Kernel, active: set[str], runs: Callable[[Entry, list[str]], None]) -> None:
        self._kernel = kernel
        self._active = active
        self._runs = runs

    def Popen(  # noqa: N802 - its name in `subprocess`
        self,
        command: list[str],
        *,
        env: Mapping[str, str],
        start_new_session: bool,
        stdin: int | None = None,
        stdout: int | None = None,  # noqa: ARG002 - nobody reads it
        stderr: int | None = None,
        pass_fds: tuple[int, ...] = (),
    ) -> Child:
        """See `subprocess.Popen`. It knows two commands: the launcher of an image, and the guard."""
        kernel = self._kernel
        if "fork-fails" in self._active:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        ends = {"stdin": stdin, "stderr": stderr}
        stdio = {name: kernel.pipe_at(descriptor) for name, descriptor in ends.items() if descriptor is not None}
        act = self._guard if command[0] == "/bin/sh" else self._launch
        entry = kernel.start(
            lambda: act(entry, command),
            parent=kernel.me(),
            environment=env,
            in_new_session=start_new_session,
            stdio=stdio,
        )
        for descriptor in pass_fds:
            kernel.pipe_at(descriptor).writers.add(entry)
        return Child(kernel, entry)

    def _launch(self, entry: Entry, command: list[str]) -> None:
        """The launcher is Python: it is carried out, and becomes the image."""
        kernel = self._kernel
        interpreter, isolated, no_site, option, source, *arguments = command
        assert (isolated, no_site, option) == ("-I", "-S", "-c") and interpreter in arguments, command  # noqa: PT018
        kernel.world.sleep_ms(STARTS_MS)

        def execv(_path: str, image: list[str]) -> None:
            if "exec-fails" in self._active:
                raise OSError(errno.ENOMEM, "Cannot allocate memory")
            for pipe in kernel.pipes():
                if pipe not in entry.stdio.values():
                    pipe.writers.discard(entry)
            self._runs(entry, image)

        launching = VirtualOs(kernel)
        launching.execv = execv
        modules = {"os": launching, "sys": _Sys(arguments), "ctypes": VirtualCtypes(kernel)}
        exec(source, {"__builtins__": {**vars(builtins), "__import__": lambda name, *_: modules[name]}})  # noqa: S102

    def _guard(self, entry: Entry, command: list[str]) -> None:
        """The shell of the guard: `read -r word || exec "$@"`."""
        if not self._kernel.taken_from(entry.stdio["stdin"]):
            assert command[5:7] == ["-m", "fota_boot.leftovers"], command
            leftovers.end(command[7])


class _Sys:
    def __init__(self, arguments: list[str]) -> None:
        self.argv = ["-c", *arguments]


class Child:
    """See `subprocess.Popen`."""

    def __init__(self, kernel: Kernel, entry: Entry) -> None:
        self._kernel = kernel
        self.entry = entry
        self.pid = entry.pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it lives."""
        if self.returncode is None and self.entry.status is not None:
            self.returncode = self.entry.status
            self._kernel.buried(self._kernel.me(), self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """See `subprocess.Popen.wait`."""
        world = self._kernel.world
        until_ms = None if timeout is None else world.now_ms() + int(timeout * 1000)
        if self.entry.status is None and not world.wait(lambda: self.entry.status is not None, until_ms):
            raise real_subprocess.TimeoutExpired("an image", timeout or 0)
        status = self.poll()
        assert status is not None
        return status

    def send_signal(self, number: int) -> None:
        """See `subprocess.Popen.send_signal`."""
        if self.poll() is None:
            self._kernel.kill(self.pid, number)

    def terminate(self) -> None:
        """See `subprocess.Popen.terminate`."""
        self.send_signal(15)

    def kill(self) -> None:
        """See `subprocess.Popen.kill`."""
        self.send_signal(9)


class Signals:
    """See `fota_boot.signals.SignalPipe`: a child that ends is the only signal, and notices can be read."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._me = kernel.me()

    def wait(self, timeout_s: float | None, _others: object = ()) -> list[int]:
        """See `SignalPipe.wait`."""
        world, me = self._kernel.world, self._me
        until_ms = world.now_ms() + int((3600 if timeout_s is None else timeout_s) * 1000)
        if not me.child_ended:
            world.wait(lambda: me.child_ended or bool(self._kernel.notices), max(until_ms, world.now_ms() + 1))
        me.child_ended = False
        return []


class VirtualLock:
    """See `fota.storage.HomeLock`."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def take(self) -> None:
        """See `HomeLock.take`."""
        if any(entry.holds_lock for entry in self._kernel.living()):
            raise Busy("another program runs in this home folder")
        self._kernel.me().holds_lock = True


def stderr_of(entry: Entry) -> Pipe | None:
    """Where a process writes its errors; None for the supervisor's own stderr."""
    return entry.stdio.get("stderr")
