"""Both interpreters ask a policy at the same times, and tell the same: what `deferral_scenario.py` prints."""

import os
import subprocess
import sys
from pathlib import Path

from tests.labs.interpreter import installed, micropython
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("installed", "pytestmark")

SCENARIO = Path(__file__).parent / "deferral_scenario.py"
_SILENT = "from fota import _machine_micropython\n_machine_micropython.send_log_to(len)\n"


def test_a_policy_is_asked_and_the_service_told_alike_on_both(installed: Path) -> None:
    here = subprocess.run(
        [sys.executable, str(SCENARIO)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert here.stderr == ""
    there = micropython(_SILENT + SCENARIO.read_text(), folder=installed)
    assert there.splitlines() == here.stdout.splitlines()
    assert len(here.stdout.splitlines()) > 60


def test_an_interrupt_of_the_program_is_none_of_the_policy_there(installed: Path) -> None:
    program = """
from fota.policy import Offer
from fota.policy.asking import Asking

def interrupted(_):
    raise KeyboardInterrupt

try:
    Asking().answer(interrupted, Offer())
except KeyboardInterrupt:
    print("the program ends")
"""
    assert micropython(_SILENT + program, folder=installed) == "the program ends\n"
