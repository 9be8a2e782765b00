"""A board on a serial port: the real interpreter with its real REPL, a littlefs as its flash, and a bad cable.

The REPL is MicroPython's own C (`pyexec.c`), with raw paste. What a port adds is done here: soft and hard reset, and
Ctrl-C that interrupts a program. It is stricter than a board: what is not flushed is lost in a reset, and the line
may be slow, come in pieces, lose a byte, or end in the middle.
"""

from __future__ import annotations

import os
import pty
import random
import select
import signal
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path

from fota_operator.board.link import opened
from fota_operator.images.littlefs import BLOCK_BYTES, all_files
from tests.labs.interpreter import COMMAND

START = Path(__file__).with_name("serial_board_start.py")
RAW_PASTE = b"\x05A\x01"
_UP = b"~up~\n"
"""The board says this first, to us alone: until then it hears nothing."""
_PROMPT = b">>> "
_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_TICK_S = 0.02
PATIENCE_S = 30.0


class SerialBoard:
    """A context manager: plugged in inside, at `port`."""

    def __init__(
        self,
        folder: Path,
        *,
        flash_blocks: int = 256,
        heap: str = "4m",
        platform: str = "linux",
        version: str = "",
        raw_paste: bool = True,
        in_pieces: bool = False,
        lost_bytes: tuple[int, ...] = (),
        pulled_after: tuple[int, ...] = (),
        resets_after: tuple[int, ...] = (),
        deaf: bool = False,
    ) -> None:
        """`lost_bytes`: which bytes of the host get lost. `pulled_after`, `resets_after`: after how many bytes of the
        host the cable is pulled, or a watchdog bites. All are counted over the whole life of the board.
        """
        folder.mkdir(exist_ok=True)
        self.flash = folder / "flash.bin"
        if not self.flash.exists():
            self.flash.write_bytes(b"\xff" * flash_blocks * BLOCK_BYTES)
        self.port = folder / "ttyUSB0"
        self.output = b""
        """All that the board sent."""
        self.received = 0
        """How many bytes the host sent."""
        self.boots = 0
        self._arguments = ["-X", f"heapsize={heap}", "-i", str(START), str(self.flash)]
        self._port_facts = [platform, version, "VfsLfs2"]
        self._raw_paste, self._deaf = raw_paste, deaf
        self._random = random.Random(7) if in_pieces else None
        self._lost, self._pulls, self._resets = list(lost_bytes), list(pulled_after), list(resets_after)
        self._is_raw = False
        self._process: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()
        self._is_unplugged = False

    def __enter__(self) -> SerialBoard:
        self.plug_in()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def files(self) -> dict[str, bytes]:
        """All files of its flash, by their paths without the first slash."""
        return all_files(self.flash.read_bytes())

    def write(self, files: dict[str, str]) -> None:
        """Put files there as mpremote does, and leave the board at its REPL."""
        lines = ["import os"]
        for path, text in files.items():
            folders = [str(folder) for folder in reversed(Path(path).parents)][1:]
            lines += [f"try: os.mkdir({folder!r})\nexcept OSError: pass" for folder in folders]
            lines.append(f"with open({path!r}, 'w') as f: f.write({text!r})")
        with opened(str(self.port)) as link:
            link.run("\n".join(lines), "the test")

    def restart(self) -> None:
        """Press its reset button."""
        assert self._process is not None
        self._process.kill()

    def wait_for(self, words: bytes) -> None:
        """*Raises* AssertionError if the board does not say that."""
        self.eventually(lambda: words in self.output)

    def eventually(self, fact: Callable[[], bool]) -> None:
        """*Raises* AssertionError if the fact does not become true."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not fact():
            assert time.monotonic() < deadline_s, self.output[-2000:]
            time.sleep(_TICK_S)

    def plug_in(self) -> None:
        """Give it power, and a cable."""
        self._over.clear()
        self._is_unplugged = False
        self._is_raw = False
        self._outer, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._slave))
        self._inner, self._inner_slave = pty.openpty()
        tty.setraw(self._inner_slave)
        self._boot()
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the cable, which is its power too."""
        self._over.set()
        self._thread.join(10)

    def _boot(self) -> None:
        mode = "raw" if self._is_raw else "friendly"
        platform, *others = self._port_facts
        self._waits_for_prompt = self._is_raw
        self._held = b""
        self._is_up = False
        self.boots += 1
        self._process = subprocess.Popen(
            [COMMAND, *self._arguments, mode, platform, *others],
            stdin=self._inner_slave,
            stdout=self._inner_slave,
            stderr=self._inner_slave,
            start_new_session=True,
        )

    def _relay(self) -> None:
        try:
            while not self._over.is_set():
                readable, _, _ = select.select([self._outer, self._inner], [], [], _TICK_S)
                if self._inner in readable:
                    self._from_board(os.read(self._inner, 4096))
                elif self._process is not None and self._process.poll() is not None:
                    self._reset(self._process.returncode)
                if self._outer in readable and not self._from_host(os.read(self._outer, 256)):
                    break
        finally:
            self._is_unplugged = True
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            for each in (self._outer, self._slave, self._inner, self._inner_slave):
                os.close(each)

    def _from_board(self, content: bytes) -> None:
        if not self._is_up:
            self._held += content
            if _UP not in self._held:
                return
            self._is_up = True
            content, self._held = self._held.partition(_UP)[2], b""
        if self._waits_for_prompt:
            # What a port prints in friendly mode alone: its banner.
            self._held += content
            if self._held.endswith(_PROMPT):
                banner = self._held.rfind(b"MicroPython ")
                self._send(self._held[:banner])
                self._held = b""
                os.write(self._inner, b"\x01")
            elif self._held.endswith(_RAW):
                self._waits_for_prompt = False
                self._send(_RAW)
            return
        self._send(content)

    def _send(self, content: bytes) -> None:
        self.output += content
        if self._deaf:
            return
        while content:
            size = self._random.randrange(1, 40) if self._random else len(content)
            os.write(self._outer, content[:size])
            content = content[size:]
            if self._random:
                time.sleep(self._random.random() / 500)

    def _from_host(self, content: bytes) -> bool:
        """Whether the cable is still there."""
        before, self.received = self.received, self.received + len(content)
        while self._lost and self._lost[0] < self.received:
            at = self._lost.pop(0) - before
            content = content[:at] + content[at + 1 :]
        if self._pulls and self._pulls[0] < self.received:
            self._pulls.pop(0)
            return False
        if self._resets and self._resets[0] < self.received and self._process is not None:
            self._resets.pop(0)
            self._process.kill()
            return True
        if not self._is_up:
            return True
        if not self._raw_paste:
            # A board from before raw paste takes its last byte for Ctrl-A.
            content = content.replace(RAW_PASTE, b"\x01")
        for one in content:
            byte = bytes([one])
            if byte == b"\x03" and self._catches_interrupts():
                assert self._process is not None
                os.kill(self._process.pid, signal.SIGINT)
                continue
            self._is_raw = {b"\x01": True, b"\x02": False}.get(byte, self._is_raw)
            os.write(self._inner, byte)
        return True

    def _catches_interrupts(self) -> bool:
        """Whether a program runs, which Ctrl-C interrupts: at the REPL it is a byte as any other."""
        assert self._process is not None
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return False
        caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
        return bool(int(caught, 16) & 1 << (signal.SIGINT - 1))

    def _reset(self, status: int) -> None:
        termios.tcflush(self._inner_slave, termios.TCIFLUSH)
        if status == 0:
            self._send(b"MPY: soft reboot\r\n")
        else:
            self._is_raw = False
        self._boot()
