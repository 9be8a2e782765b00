"""A container without an engine for containers: the start script of the example in namespaces of its own.

Process 1, a root that cannot be written, no capabilities, and data on a mount of its own. Where the kernel allows no
namespaces, `in_namespaces` leaves a test out and says so.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.docs_pages import ROOT

EXAMPLE = ROOT / "examples/container"
BIN = Path(sys.executable).parent
NAMESPACES = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child"]
if os.geteuid() != 0:
    NAMESPACES[1:1] = ["--user", "--map-root-user"]

# The data alone can be written; then all capabilities are dropped, and the script takes this shell's place.
_INSIDE = """
set -e
mount --bind "$FOTA_DATA" "$FOTA_DATA"
mount -o remount,bind,ro /
if touch "$LAB_OUTSIDE" 2>/dev/null; then echo "the root can be written" >&2; exit 9; fi
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all sh "$LAB_SCRIPT" "$@"
"""


def can_make_namespaces():
    """Whether the tests can be run here."""
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        return False
    trial = [*NAMESPACES, "sh", "-c", "mount -o remount,bind,ro / && setpriv --bounding-set=-all true"]
    return subprocess.run(trial, capture_output=True).returncode == 0


in_namespaces = pytest.mark.skipif(
    not can_make_namespaces(),
    reason="no namespaces of processes and mounts may be made here, or util-linux is missing",
)


class Container:
    """One run of the script as process 1."""

    def __init__(self, lab, *arguments):
        environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "FOTA_DATA": str(lab.folder),
            "FOTA_FACTORY": str(lab.folder / "factory.pyz"),
            "LAB_SCRIPT": str(EXAMPLE / "start-device"),
            "LAB_OUTSIDE": str(lab.folder.parent / "outside"),
        }
        with (lab.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*NAMESPACES, "sh", "-c", _INSIDE, "sh", *arguments],
                stdout=log,
                stderr=log,
                env=lab._environment(environment),
            )

    def process_1(self):
        """The number that process 1 has outside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def signal(self, number):
        """What `docker stop` and `docker kill` do."""
        os.kill(self.process_1(), number)

    def processes(self):
        """State and command line of each process in it, but for process 1."""
        namespace = Path(f"/proc/{self.process_1()}/ns/pid").readlink()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if (path / "ns/pid").readlink() == namespace and int(path.name) != self.process_1():
                    state = (path / "stat").read_text().rpartition(")")[2].split()[0]
                    found.append((state, (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
            except OSError:
                continue
        return found

    def end(self):
        """Nothing of it is left when this returns."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        self.process.wait(20)
