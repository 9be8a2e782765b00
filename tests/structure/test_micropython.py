"""The portable modules under the interpreter of the microcontrollers: every one compiles, the pure ones run there.

What they decide is printed by the scenarios below and must be the same, line for line, as on CPython.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labs.interpreter import SOURCE, installed, micropython
from tests.labs.interpreter import only_where_it_runs as pytestmark
from tests.structure.portable_rules import PORTABLE

__all__ = ("installed", "pytestmark")

HERE = Path(__file__).parent

_COMPILER = """
import sys
for path in sys.argv[1:]:
    try:
        with open(path) as file:
            compile(file.read(), path, "exec")
    except Exception as error:
        print(path, repr(error))
print("compiled", len(sys.argv) - 1)
"""

# MicroPython's half of `machine` comes later; the scenario hands in its own clock and needs only the names.
_SILENT = "from fota import _machine_micropython\n_machine_micropython.send_log_to(len)\n"


def test_every_portable_module_compiles_there(tmp_path):
    paths = [*map(str, PORTABLE), *(str(path) for path in (SOURCE / "fota_testing").glob("*.py") if runs_there(path))]
    assert micropython(_COMPILER, *paths, folder=tmp_path) == f"compiled {len(paths)}\n"


def test_a_module_that_does_not_compile_there_is_found(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("def f(a, /): pass\nmatch a:\n    case 1: pass\n")
    assert "SyntaxError" in micropython(_COMPILER, str(bad), folder=tmp_path)


def runs_there(path):
    """Whether a fake says of itself that it runs on both interpreters."""
    return "both interpreters" in path.read_text().split('"""')[1].replace("\n", " ")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["portable_scenario.py", "portable_goes.py"])
def test_the_pure_modules_decide_the_same_there(scenario, installed):
    here = subprocess.run(
        [sys.executable, str(HERE / scenario)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert here.stderr == ""
    there = micropython(_SILENT + (HERE / scenario).read_text(), folder=installed)
    assert there.splitlines() == here.stdout.splitlines()
    assert len(here.stdout.splitlines()) > 1000
