"""A terminal of 80 columns for a process: what it shows there, without colours."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping

_STYLES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
_TIMEOUT_S = 120


def shown_on_terminal(words: list[str], environment: Mapping[str, str], *, columns: int = 80) -> list[str]:
    """The lines that `fota` writes to a terminal as its stdout and stderr."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    aside = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "fota_operator", *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**aside, **environment, "TERM": "xterm"},
    )
    os.close(theirs)
    try:
        content = _all_of(ours)
        process.wait(_TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return [line.rstrip("\r") for line in _STYLES.sub("", content.decode()).splitlines()]


def _all_of(terminal: int) -> bytes:
    content = b""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:
            # Linux answers so when the last process has closed its end.
            return content
        if not part:
            return content
        content += part
