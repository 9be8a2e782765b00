"""Runs pip for another machine: it resolves and downloads, and nothing is built or installed.

pip is told the tags of the target. It reads the markers of requirements, such as `python_version < "3.11"`, for the
Python that runs it, so it gets those of the target too. Leaves to others: what a failure means (`pip_words`).
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from fota_operator.errors import IN_THE_CLONE, OperatorError
from fota_operator.images.target import Target

_TIMEOUT_S = 3600
_RUN_FOR_A_TARGET = """
import sys
sys.path[:] = [place for place in sys.path if place]
import json, runpy
from pip._vendor.packaging import markers
if not callable(markers.default_environment):
    raise SystemExit("this pip keeps its markers elsewhere")
environment = json.loads(sys.argv.pop(1))
markers.default_environment = lambda: dict(environment)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""The folder that the command is given in is not on the path: a pip.py there is not ours."""


class PipFailed(Exception):
    """pip ended with an error; `said` is all that it wrote. It may hold credentials."""

    def __init__(self, said: str) -> None:
        super().__init__("pip failed")
        self.said = said


def run_pip(command: str, options: Sequence[str], target: Target) -> str:
    """Run `pip download` or another command that takes a target; returns its stdout. Blocks, up to an hour.

    Where packages come from is pip's own setting: its files, and the variables PIP_... of the environment.
    *Raises* PipFailed, OperatorError.
    """
    tags = [f"--platform={platform}" for platform in target.platforms or ("any",)]
    abis = [target.interpreter, "abi3", "none"] if target.platforms else ["none"]
    tags += [f"--python-version={target.python}", "--implementation=cp", *(f"--abi={abi}" for abi in abis)]
    always = ["--disable-pip-version-check", "--no-input", "--no-color", "--progress-bar=off", "--only-binary=:all:"]
    # Without a retry, pip does not say that it reached nobody: a package would seem to be missing.
    always.append("--retries=3")
    words = [sys.executable, "-c", _RUN_FOR_A_TARGET, json.dumps(target.markers()), command, *always, *tags, *options]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; what is asked of it are values, not options
            words,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OperatorError(
            f"pip did not end within {_TIMEOUT_S} s", "look at the network, and run this again"
        ) from error
    except OSError as error:
        raise OperatorError(f"pip cannot be run: {error.strerror}", "look at this Python") from error
    if "No module named 'pip'" in done.stderr or "No module named pip" in done.stderr:
        raise OperatorError("this Python has no pip", f"run, {IN_THE_CLONE}: pip install '.[operator]'")
    if done.returncode != 0:
        raise PipFailed(done.stdout + done.stderr)
    return done.stdout
