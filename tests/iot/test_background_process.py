"""The end of a process whose jobs are handled in a thread, and a process that is forked: real processes each time."""

import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import atexit, os, sys, threading, time
from fota.progress import Progress
from tests.labs.background_lab import IMAGE, BackgroundLab

lab = BackgroundLab()
told = []


class Slow(Progress):
    def downloading(self, done_bytes, total_bytes):
        told.append(done_bytes)
        time.sleep(0.1)


def tell():
    print("running", updates.is_running(), "pieces", len(told), "of", len(IMAGE) // 64)


lab.publish(IMAGE)
"""
START = """
updates = lab.start(progress=Slow())
while len(told) < 3:
    time.sleep(0.01)
"""


def play(*parts: str) -> list[str]:
    """The lines of a program of these parts, which must end well."""
    command = [sys.executable, "-c", PROGRAM + "".join(parts)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_program_that_ends_stops_the_thread_first_and_does_not_wait_for_the_download() -> None:
    began_s = time.monotonic()
    # Registered before the thread is started, so called after the thread was stopped.
    (line,) = play("atexit.register(tell)\n", START, "sys.exit(0)\n")
    assert line.startswith("running False")
    assert int(line.split()[3]) < 20
    assert time.monotonic() - began_s < 30


def test_a_thread_that_cannot_be_stopped_does_not_keep_a_program_from_ending() -> None:
    hang = "lab.server.at(len(IMAGE) // 2, lambda: time.sleep(3_600))\n"
    bound = "from aws.iot.background_cpython import Background\nBackground.stop.__defaults__ = (0.2,)\n"
    wait = "updates = lab.start()\ntime.sleep(0.5)\n"
    assert play(hang, bound, wait, "print('the end')\n") == ["the end"]


def test_a_process_that_is_forked_has_no_such_thread_and_ends_well_while_the_first_one_goes_on() -> None:
    fork = """
pid = os.fork()
if not pid:
    tell()
    sys.stdout.flush()
    assert updates.stop() is True
    sys.exit(0)
_, status = os.waitpid(pid, 0)
assert status == 0
assert updates.is_running()
assert updates.restart_wanted.wait(20)
print("installed", lab.slots.content(1) == IMAGE)
"""
    child, first = play(START, fork)
    assert child.startswith("running False")
    assert first == "installed True"
