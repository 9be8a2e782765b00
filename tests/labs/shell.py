"""The shell that a page's commands are typed into."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

MARK = "-- end of step --"
STEP_TIMEOUT_S = 90.0


class Shell:
    """One bash that is typed into, block by block, as a reader would."""

    def __init__(self, folder: Path) -> None:
        bin_folder = Path(sys.executable).parent
        ours = ("AWS_", "FOTA_", "SSL_CERT")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._process = subprocess.Popen(
            ["bash", "-eu"],
            cwd=folder,
            env={**environment, "PATH": f"{bin_folder}:{environment['PATH']}", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
            start_new_session=True,
        )

    def type(self, commands: str) -> str:
        """Run the commands; what they wrote to stdout. Fails if one of them failed, or goes on for too long."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{commands}\necho '{MARK}'\n")
        stdin.flush()
        lines: list[str] = []
        too_late = threading.Timer(STEP_TIMEOUT_S, self._kill)
        too_late.start()
        try:
            for line in stdout:
                if line.rstrip().endswith(MARK):
                    # What ended without a new line stands before it.
                    return "".join([*lines, line.rstrip().removesuffix(MARK)])
                lines.append(line)
        finally:
            too_late.cancel()
        pytest.fail(f"the shell ended at:\n{commands}\nafter:\n{''.join(lines)}")

    def type_until(self, expected: re.Pattern[str], commands: str) -> str:
        """The same, again and again until the output fits or time is up: a reader would look again, too.

        A command may fail until then, since the file that it reads may not be there yet.
        """
        deadline = time.monotonic() + STEP_TIMEOUT_S
        while True:
            output = self.type(f"set +e\n{commands}\nset -e")
            if expected.search(output) or time.monotonic() >= deadline:
                return output
            time.sleep(0.05)

    def end(self) -> None:
        """Whatever became of the test: nothing that was started here stays."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(STEP_TIMEOUT_S)

    def _kill(self) -> None:
        """A step goes on for ever: end it, and the shell with it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
