"""Tests that are started where byte code is forbidden start processes that keep it all the same."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
MENDED = "from tests.labs.kept_byte_code import keep_byte_code; keep_byte_code(); "
CHILD = "import sys; print('forgets' if sys.dont_write_bytecode else 'keeps')"


def said(program: str) -> str:
    command = [sys.executable, "-c", program, CHILD]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment).stdout


def test_a_process_of_a_test_keeps_its_byte_code() -> None:
    assert said(MENDED + STARTS) == "keeps\n"


def test_without_that_it_would_compile_everything_again() -> None:
    assert said(STARTS) == "forgets\n"


def test_the_tests_have_asked_for_that() -> None:
    assert (sys.dont_write_bytecode, os.environ.get("PYTHONDONTWRITEBYTECODE")) == (False, None)
