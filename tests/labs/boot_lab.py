"""A device under a real `fota-boot`, for the tests of the supervisor.

Images are small zipapps that tell what they see. Waiting is polling with a deadline; whatever was started is gone
at the end.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from fota import trial
from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.digests import Digests
from fota.storage import SlotReader
from tests.labs.present import present

PATIENCE_S = 20

_PREAMBLE = """
import json, os, signal, subprocess, sys, time
from fota import device, machine
from fota.boards.files import FilesBoard

def tell(event, **facts):
    line = json.dumps({"event": event, "image": NAME, "pid": os.getpid(), **facts})
    with open(os.environ["LAB_EVENTS"], "a") as events:
        events.write(line + "\\n")

def wait_to_be_stopped():
    while True:
        signal.pause()

record = FilesBoard(os.environ["FOTA_HOME"]).records.load()
tell("started", slot=int(os.environ["FOTA_SLOT"]), record=repr(record), arguments=sys.argv[1:],
     verdict=device.current().verdict())
"""

WAITS = "wait_to_be_stopped()"
CRASHES = "raise SystemExit(3)"
CONFIRMS = "device.current().confirm()\ntell('confirmed')\nwait_to_be_stopped()"
QUICK = {"FIRST_DELAY_S": 0.05, "STOP_GRACE_S": 0.5}
"""The pauses of the supervisor, shortened."""

_SHORTENED = "from fota_boot import command, supervisor as s; import sys; {changes}; sys.exit(command.main())"


def alive(pid):
    """Whether a process runs; one that ended and waits to be buried does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def until(condition, what):
    """The first true answer of `condition`, asked again and again. *Raises* AssertionError when it never comes."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError(f"never came: {what}")


class BootLab:
    """One home folder, its images, and the `fota-boot` processes that run on it."""

    def __init__(self, folder):
        self.folder = folder
        self.home_path = folder / "home"
        self._events = folder / "events"
        self._events.touch()
        self._processes = []
        self._forgiving = False

    # Arrange.

    def image(self, name, script):
        """A zipapp that tells that it was started, and then runs the script."""
        path = self.folder / f"{name}.pyz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("__main__.py", f"NAME = {name!r}\n{_PREAMBLE}\n{script}\n")
        return path

    def provision(self, script=WAITS, *, slots=2, slot_size_bytes=100_000):
        """A home whose factory image, named `factory`, runs the script."""
        image = self.image("factory", script)
        reader = SlotReader(str(image))
        size_bytes = image.stat().st_size
        home = provision(
            str(self.home_path),
            reader,
            image_size_bytes=size_bytes,
            slot_count=slots,
            slot_size_bytes=slot_size_bytes,
        )
        reader.close()
        return home

    def put_on_trial(self, name, script, slot=1):
        """What an update does: an image into a slot, sealed, and its trial begun."""
        content = self.image(name, script).read_bytes()
        home = FilesBoard(str(self.home_path))
        writer = home.slots.writer(slot, len(content))
        writer.write(memoryview(content))
        writer.close()
        home.slots.seal(slot, Digests(len(content), hashlib.md5(content).digest(), hashlib.sha256(content).digest()))
        home.records.save(trial.begun(present(home.records.load()), slot))

    # Act.

    def command(self, *options, shortened=None):
        """The command line. `shortened` sets constants of the supervisor, so that nobody waits for minutes."""
        program = ["-m", "fota_boot.command"]
        if shortened:
            changes = "; ".join(f"s.{name} = {value}" for name, value in shortened.items())
            program = ["-c", _SHORTENED.format(changes=changes)]
        return [sys.executable, *program, "--home", str(self.home_path), *options]

    def run(self, *options, **environment):
        """A `fota-boot` that is expected to end by itself."""
        return subprocess.run(
            self.command(*options),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=self._environment(environment),
        )

    def start(self, *options, shortened=None, closed="", **environment):
        """A `fota-boot` that goes on; its stderr is `log`. `closed`: streams that it has not, as a shell says it."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                ["sh", "-c", f'exec "$@" {closed}', "sh", *self.command(*options, shortened=shortened)],
                stdout=log,
                stderr=log,
                env=self._environment(environment),
            )
        self._processes.append(process)
        return process

    def stop(self, process, number=signal.SIGTERM):
        """Ask a `fota-boot` to end; its exit status."""
        process.send_signal(number)
        return process.wait(PATIENCE_S)

    def _environment(self, more):
        return {**os.environ, "LAB_EVENTS": str(self._events), **more}

    # Observe.

    def events(self, event="started"):
        """What images told so far, of one kind."""
        told = [json.loads(line) for line in self._events.read_text().splitlines()]
        return [one for one in told if one["event"] == event]

    def wait_for(self, event, count=1):
        """The newest event of a kind, once there are so many."""
        return until(lambda: len(self.events(event)) >= count and self.events(event)[count - 1], f"{count} x {event}")

    def wait_for_start(self, count):
        """The start with that number, from 1."""
        return self.wait_for("started", count)

    def started(self):
        """The names of the images that were started, in order."""
        return [one["image"] for one in self.events()]

    def log(self):
        """What `fota-boot` logged."""
        return (self.folder / "log").read_text()

    def record(self):
        return FilesBoard(str(self.home_path)).records.load()

    def kill(self, process):
        """End a `fota-boot` as a power cut would: it cannot end its image, which `close` then forgives."""
        process.kill()
        process.wait()
        self._forgiving = True

    def close(self):
        """End every `fota-boot` politely, which must end all that it started; whatever is left ends by its number."""
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            process.wait(PATIENCE_S)
        left = [pid for pid in self._own_processes() if alive(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert self._forgiving or not left, f"left behind: {left}"

    def _own_processes(self):
        """Whoever has this lab's events in its environment."""
        mark = f"LAB_EVENTS={self._events}".encode()
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in path.read_bytes().split(b"\0"):
                    yield int(path.parent.name)


def one_line(done, *words):
    """Exit status 1, nothing on stdout, and one line of its own that says what is wrong."""
    spoken = [line for line in done.stderr.splitlines() if line.startswith("fota-boot: ")]
    assert (done.returncode, done.stdout, len(spoken)) == (1, "", 1), done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in spoken[0] for word in words), spoken
