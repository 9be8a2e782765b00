"""A board that is a MicroPython process: reset when it asks for that, when it crashes, and when its watchdog bites.

Its home is a folder of this machine; the library is a folder, what `mip` would put there, compiled, or an image of
ROMFS. Leaves to others: what is in the home, and what the jobs are (`lab`).
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.labs.interpreter import COMMAND

ROOT = Path(__file__).parents[2]
IN_ROM = Path(__file__).with_name("in_rom.py")
PATIENCE_S = 60.0

_BOOT = """
import sys
sys.path.insert(0, {library!r})
from fota.start import start

def arm(deadline_ms):
    sys.stderr.write("watchdog armed for %d ms\\n" % deadline_ms)

start({home!r}, deadline_ms={deadline_ms}, arm=arm)
"""


def compile_library(folder: Path) -> Path:
    """What a board is given: the portable modules, compiled as the documentation says."""
    subprocess.run([sys.executable, ROOT / "tools/mip_lists.py", "--compiled", folder], check=True)
    return folder


class Board:
    """A context manager: switched on inside. It boots again after every reset."""

    def __init__(self, home: Path, library: Path, *, heap: str = "16m", deadline_s: float = 20.0) -> None:
        self.lines: list[str] = []
        """All that it said, over all its boots."""
        boot = _BOOT.format(library=str(library), home=str(home), deadline_ms=int(deadline_s * 1000))
        interpreter = [COMMAND] if library.is_dir() else [sys.executable, IN_ROM, library]
        self._command = [*map(str, interpreter), "-X", f"heapsize={heap}", "-c", boot]
        self._folder = home.parent
        self._deadline_s = deadline_s
        self._power = threading.Lock()
        self._is_on = False
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Board:
        self._is_on = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._power:
            self._is_on = False
        self.cut_power()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    @property
    def boots(self) -> int:
        return sum(line.startswith("boot ") for line in self.lines)

    def cut_power(self) -> None:
        """The process is gone at once; the board boots again, while it is switched on."""
        with self._power:
            if self._process is not None:
                self._process.kill()

    def wait_for(self, words: str) -> str:
        """The first line that holds the words. *Raises* AssertionError when none comes."""
        self.eventually(lambda: self.said(words), words)
        return self.said(words)[0]

    def said(self, words: str) -> list[str]:
        """The lines that hold the words."""
        return [line for line in self.lines if words in line]

    def eventually(self, fact: object, words: str) -> None:
        """*Raises* AssertionError when the fact, called again and again, does not become true."""
        assert callable(fact)
        deadline_s = time.monotonic() + PATIENCE_S
        while not fact():
            assert time.monotonic() < deadline_s, f"never: {words}\n" + "\n".join(self.lines[-40:])
            time.sleep(0.01)

    def _live(self) -> None:
        while True:
            with self._power:
                if not self._is_on:
                    return
                self._process = process = subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                )
            self._until_reset(process)

    def _until_reset(self, process: subprocess.Popen[str]) -> None:
        watchdog = threading.Timer(self._deadline_s, self._bite, [process])
        assert process.stdout is not None
        with process.stdout as stdout:
            for line in stdout:
                self.lines.append(line.rstrip("\n"))
                if line.startswith("watchdog armed"):
                    watchdog.start()
                elif line.startswith("confirmed "):
                    watchdog.cancel()
        status = process.wait()
        watchdog.cancel()
        if watchdog.ident is not None:
            watchdog.join()
        self.lines.append(f"-- reset, status {status} --")

    def _bite(self, process: subprocess.Popen[str]) -> None:
        self.lines.append("-- the watchdog bites --")
        process.kill()
