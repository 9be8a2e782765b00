"""Takes one check away, and finds out whether a vector or a test notices.

The vectors are played in this process, with the bug in it; a test runs in a process of its own, on a copy of the
source that has the bug.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sweeps.seeding.bugs import Bug
from sweeps.seeding.in_process import seeded
from sweeps.seeding.trees import seeded_copy
from sweeps.trust_mutants.catalogue import Check

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 300.0
_TESTS_FAILED = 1
"""The status of pytest when it ran, and tests failed."""

UNCHANGED = Bug("the source as it is", "Nothing: then nothing may be noticed.", ())


@dataclass(frozen=True)
class Tried:
    """What came of one bug."""

    name: str
    noticed: str
    """The vector or test that noticed; empty if none did."""
    problem: str
    """Why nothing could be said: the tests or the bug itself are broken."""
    seconds: float


def tried(check: Check) -> Tried:
    """Take one check away. *Raises* DoesNotFit."""
    began_s = time.monotonic()
    noticed, problem = _failed([check.test], check.bug) if check.test else _judged([check.vectors], check.bug)
    return Tried(check.bug.name, noticed, problem, time.monotonic() - began_s)


def tried_without_a_bug(checks: Iterable[Check]) -> Tried:
    """All that would notice one of these bugs, with the source as it is."""
    began_s = time.monotonic()
    checks = list(checks)
    noticed, problem = _judged(sorted({check.vectors for check in checks} - {""}), UNCHANGED)
    tests = sorted({check.test for check in checks} - {""})
    if tests and not noticed:
        noticed, problem = _failed(tests, UNCHANGED)
    return Tried(UNCHANGED.name, noticed, problem, time.monotonic() - began_s)


def _judged(files: Iterable[str], bug: Bug) -> tuple[str, str]:
    """The first vector of these files that gets another verdict than its file says; or what is wrong with the bug."""
    for place in (ROOT, ROOT / "tools"):
        # As pytest has it: the lab needs the makers of the vectors.
        if str(place) not in sys.path:
            sys.path.append(str(place))
    verdicts = importlib.import_module("tests.labs.verdicts")
    with seeded(bug):
        for file in files:
            try:
                vector = verdicts.first_of_another_verdict(file)
            except NameError as error:
                return "", f"the bug itself is broken: {error}"
            if vector:
                return f"{file}/{vector}", ""
    return "", ""


def _failed(tests: list[str], bug: Bug) -> tuple[str, str]:
    """The test that failed, with the source that has the bug; or what is wrong with the test itself."""
    with tempfile.TemporaryDirectory(prefix="trust-mutant-") as name:
        source = seeded_copy(bug, Path(name).resolve())
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", *tests]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    last = (done.stdout + done.stderr).strip().splitlines()[-1:]
    if done.returncode in (0, _TESTS_FAILED):
        # Behind the dash is the error, as much of it as the terminal is wide.
        return "".join(last).partition(" - ")[0] if done.returncode else "", ""
    return "", f"pytest ended with {done.returncode}: {''.join(last)}"
