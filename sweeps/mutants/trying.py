"""Tries one bug: seeds it into a copy of the source, and sweeps that copy in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sweeps.seeding.addresses import SOURCE
from sweeps.seeding.bugs import Bug
from sweeps.seeding.trees import copy_code, seeded_copy

_GRACE_S = 120.0
"""A probe looks at its deadline between two cases only."""


_BROKEN = re.compile(
    r"crash: (NameError|UnboundLocalError|AttributeError|TypeError|ImportError|ModuleNotFoundError)\b"
)
"""The error of a bug that uses a name which does not exist any more: it is no longer the bug that it says it is."""


@dataclass(frozen=True)
class Tried:
    """What came of one bug."""

    name: str
    check: str
    """The check that found something; empty if none did."""
    case: str
    """What `python -m sweeps.powercut --replay` would take, with the same bug in the source."""
    message: str
    """What the check said; or why the sweep itself did not come to its end, which kills nothing."""
    seconds: float

    @property
    def is_killed(self) -> bool:
        """Whether a check found it."""
        return bool(self.check)

    @property
    def is_clean(self) -> bool:
        """Whether the sweep came to its end, and found nothing."""
        return not self.check and not self.message


def snapshot(folder: Path) -> Path:
    """The source and the sweep as they are now, in `folder`: all bugs are tried with the same."""
    copy_code(SOURCE, folder / SOURCE.name)
    copy_code(SOURCE.parent / "sweeps", folder / "sweeps")
    return folder


def tried(mutant: Bug, *, code: Path, budget_s: float, seed: int) -> Tried:
    """Sweep a copy of the source that has this bug, until the first violation or for that long.

    `code` is a snapshot. *Raises* DoesNotFit.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        source = seeded_copy(mutant, Path(name).resolve(), code / SOURCE.name)
        answer = _probe(source, code, budget_s, seed)
    check, case, message = (answer.get(name) or "" for name in ("check", "case", "message"))
    if _BROKEN.match(message):
        check, message = "", f"the bug itself is broken: {message}"
    return Tried(mutant.name, check, case, message, time.monotonic() - began)


def _probe(source: Path, code: Path, budget_s: float, seed: int) -> dict[str, str | None]:
    command = [sys.executable, "-m", "sweeps.mutants.probe", "--source", str(source)]
    command += ["--seconds", str(budget_s), "--seed", str(seed)]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    try:
        done = subprocess.run(
            command,
            cwd=code,
            env=environment,
            capture_output=True,
            text=True,
            timeout=budget_s + _GRACE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"message": "the sweep itself came to no end"}
    if done.returncode != 0:
        return {"message": f"the sweep itself broke: {(done.stderr.strip().splitlines() or ['no word'])[-1]}"}
    answer: dict[str, str | None] = json.loads(done.stdout.splitlines()[-1])
    return answer
