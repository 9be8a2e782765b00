"""Tests that are started under `nohup`, or in the background, start processes as from a terminal."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CHILD = """
import signal
# Python itself ignores SIGPIPE and SIGXFSZ.
ignored = {one.name for one in signal.Signals if signal.getsignal(one) == signal.SIG_IGN} - {"SIGPIPE", "SIGXFSZ"}
print(sorted(ignored), sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
"""
DEAF = """
import os, signal, subprocess, sys
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR2})
"""
MENDED = """
from tests.labs.inherited_signals import pass_on_no_ignored_signal
pass_on_no_ignored_signal()
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    os.kill(os.getpid(), number)
"""
STARTS = "subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)\n"


def said(program: str) -> str:
    command = [sys.executable, "-c", program, CHILD]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_a_process_of_a_test_hears_every_signal_and_the_run_itself_survives_them() -> None:
    assert said(DEAF + MENDED + STARTS) == "[] []\n"


def test_without_that_it_would_hear_none() -> None:
    assert said(DEAF + STARTS).startswith("['SIGCHLD', 'SIGHUP', 'SIGINT'")
