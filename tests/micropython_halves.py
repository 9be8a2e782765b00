"""What a microcontroller is given, MicroPython's halves in the places of CPython's, and scripts that run there."""

import json
import shutil
import subprocess

import pytest

from structure.test_micropython import COMMAND, pytestmark
from structure.test_portable_subset import SOURCE

__all__ = ["SOURCE", "device", "ended", "pytestmark", "told"]


@pytest.fixture
def device(tmp_path):
    """Where a script finds `fota`, `aws` and `fota_testing` as on a device."""
    folder = tmp_path / "device"
    for package in ("fota", "aws", "fota_testing"):
        shutil.copytree(
            SOURCE / package, folder / package, ignore=shutil.ignore_patterns("*_cpython.py", "__pycache__")
        )
    return folder


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
