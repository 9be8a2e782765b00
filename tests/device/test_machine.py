"""The machine on CPython, in a process of its own."""

import os
import subprocess
import sys

import pytest

from fota.log import log


@pytest.mark.parametrize("streams", [">&- 2>&-", ">/dev/full 2>/dev/full", ""])
def test_a_restart_happens_whatever_becomes_of_what_was_printed(streams):
    program = "import sys; from fota import machine; print('told', end=''); machine.restart()"
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", program]
    done = subprocess.run(command, env={**os.environ, "PYTHONUNBUFFERED": ""})
    assert done.returncode == 75


def test_an_event_is_one_line_without_orders_to_a_terminal(caplog):
    caplog.set_level("INFO", "fota")
    log("message-dropped", topic="a\x1b[2J\nb\x07", problem="größer")
    assert caplog.messages == ["message-dropped topic=a\\x1b[2J b\\x07 problem=größer"]
