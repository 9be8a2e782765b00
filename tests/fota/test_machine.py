"""The machine on CPython, in a process of its own."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("streams", [">&- 2>&-", ">/dev/full 2>/dev/full", ""])
def test_a_restart_happens_whatever_becomes_of_what_was_printed(streams):
    program = "import sys; from fota import machine; print('told', end=''); machine.restart()"
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", program]
    done = subprocess.run(command, env={**os.environ, "PYTHONUNBUFFERED": ""})
    assert done.returncode == 75
