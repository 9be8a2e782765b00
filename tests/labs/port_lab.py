"""A board that starts as boards do, at the end of a serial line: the real interpreter, in the order of a main.c.

`port/boot_order.upy` runs `boot.py`, then USB comes up, then `main.py`, then the interpreter's own REPL.
This half is the chip: it resets, its watchdog bites, it keeps what a soft reset keeps (the radio, the clock, the
watchdog, USB), and it carries the bytes of the serial line, `path`, which `mpremote` opens. While code runs, Ctrl-C
interrupts it, and other bytes wait for the REPL, as in a port's driver.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import threading
import time
import tty
from pathlib import Path

from fota_testing.flash.esp32 import Esp32, firmware
from tests.labs.interpreter import COMMAND, SOURCE

_MODULES = Path(__file__).with_name("port")
EXAMPLE = SOURCE.parent / "examples/esp32/pump"
_APP_BLOCKS = 8
_PATIENCE_S = 120.0
"""Longer than the program waits with any of its errors: 20 s for Wi-Fi, 15 s for the time, up to 30 s before it tries
again; and a machine may have other work."""
_CTRL_C = b"\x03"
_RAW = b"raw REPL; CTRL-B to exit"
_FRIENDLY = b"MicroPython "
_CLEARED = {"rp2": ("1074102272", "1074626560"), "esp32": ()}
"""What clears bits of the watchdog's control: 0x40058000 and 0x400d8000 of RP2040 and RP2350, + 0x3000."""
_STAYS_OVER_A_HARD_RESET = ("weather.json",)


class PortLab:
    """A context manager: powered inside. `flash` is the root of its file system."""

    def __init__(self, folder: Path, *, kind: str = "esp32", heap: str = "16m", has_uart: bool = False) -> None:
        self.kind = kind
        self.flash = folder / "flash"
        self.output = b""
        """All that it sent, over all its boots."""
        self.told: list[str] = []
        """All that the modules of the chip told: `feed`, `usb`, `reset`..."""
        self.resets: list[str] = []
        """The kind of each reset, in order: `power`, `soft`, `hard`, `watchdog`."""
        self.silences_ms: list[int] = []
        """The time between two feeds of the watchdog, and from its start to the first."""
        self.weather_at: dict[int, dict[str, object]] = {}
        """The weather that begins with the reset of that number; the first is that of the power."""
        self._heap = heap
        self._has_uart = has_uart
        self._hardware, self._modules = folder / "hardware", folder / "modules"
        for made in (self.flash, self._hardware, self._modules):
            made.mkdir(parents=True, exist_ok=True)
        for module in _MODULES.glob("*.upy"):
            shutil.copy(module, self._modules / f"{module.stem}.py")
        self._line, self._client = pty.openpty()
        tty.setraw(self._client)
        os.set_blocking(self._line, False)
        self.path = os.ttyname(self._client)
        self._is_on = False
        self._pull = ""
        self._thread = threading.Thread(target=self._live, daemon=True)

    def put(self, name: str, text: str) -> None:
        """Write a file of the board."""
        path = self.flash / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def weather(self, **weather: object) -> None:
        """What network and chip do from now on; see `port/network.upy` and `port/ntptime.upy`."""
        (self._hardware / "weather.json").write_text(json.dumps(weather))

    def __enter__(self) -> PortLab:
        self._is_on = True
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_on = False
        self._thread.join(_PATIENCE_S)
        for descriptor in (self._line, self._client):
            os.close(descriptor)
        assert not self._thread.is_alive()

    @property
    def lines(self) -> list[str]:
        return self.output.decode(errors="replace").replace("\r", "").split("\n")

    def said(self, words: str) -> list[str]:
        """The lines that hold the words."""
        return [line for line in self.lines if words in line]

    def wait_for(self, words: str, count: int = 1) -> None:
        """*Raises* AssertionError when the words do not come so often."""
        self.eventually(lambda: len(self.said(words)) >= count, words)

    def eventually(self, fact: object, words: str) -> None:
        """*Raises* AssertionError when the fact, called again and again, does not become true."""
        assert callable(fact)
        deadline_s = time.monotonic() + _PATIENCE_S
        while not fact():
            ends = "\n".join([*self.lines[-30:], f"resets: {self.resets}", f"told: {self.told[-12:]}"])
            assert time.monotonic() < deadline_s, f"never: {words}\n{ends}"
            time.sleep(0.01)

    def reset(self) -> None:
        """Pull the reset line."""
        self._pull = "hard"

    def cut_power(self) -> None:
        """Take its power away, whatever it does, and give it back."""
        self._pull = "power"

    def mpremote(self, *arguments: str, timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
        """The real `mpremote`, on the serial line."""
        command = [sys.executable, "-m", "mpremote", "connect", self.path, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "", "no answer")

    def _live(self) -> None:
        how, mode = "power", "friendly"
        while self._is_on:
            self.resets.append(how)
            if len(self.resets) in self.weather_at:
                self.weather(**self.weather_at[len(self.resets)])
            if how != "soft":
                mode = "friendly"
                self._forget(how)
            how, mode = self._session(mode)

    def _forget(self, how: str) -> None:
        """A hard reset: what the chip keeps in its memory is gone."""
        for path in self._hardware.glob("*.json"):
            if path.name not in _STAYS_OVER_A_HARD_RESET:
                path.unlink()
        causes = {"power": 1, "hard": 2, "watchdog": 3}
        (self._hardware / "cause.json").write_text(str(causes[how]))
        (self._hardware / "clock.json").write_text("1")
        self._start_firmware()
        self._has_usb = self._has_uart
        self._wdt_ms: int | None = None
        self._fed_s = time.monotonic()
        self._fed_ticks: int | None = None

    def put_firmware(self, text: str) -> None:
        """Give the chip OTA partitions, with a firmware in the first whose program is this text."""
        (self._modules / "pump").mkdir()
        shutil.copytree(SOURCE / "fota_testing", self._modules / "fota_testing")
        shutil.copy(EXAMPLE / "network_of_board.py", self._modules)
        board = Esp32(app_blocks=_APP_BLOCKS, data_blocks=1)
        board.put(0, firmware(text.encode()))
        self._firmware().write_bytes(board.flash.read(0, board.flash.size_bytes))

    def _firmware(self) -> Path:
        return self._hardware / "flash.bin"

    def _start_firmware(self) -> None:
        """The boot loader of ESP-IDF chooses, where there are OTA partitions."""
        if self._firmware().exists():
            board = Esp32(app_blocks=_APP_BLOCKS, data_blocks=1)
            board.flash._content[:] = self._firmware().read_bytes()
            (self._hardware / "running.json").write_text(str(board.boot()))
            self._firmware().write_bytes(board.flash.read(0, board.flash.size_bytes))

    def _session(self, mode: str) -> tuple[str, str]:
        """One life of the interpreter: the kind of the reset that ended it, and the mode of the REPL."""
        control = self._hardware / "control"
        control.write_text("")
        master, slave = _terminal()
        command = [str(COMMAND), "-X", f"heapsize={self._heap}", "-i", str(self._modules / "boot_order.py")]
        process = subprocess.Popen(
            [*command, mode, self.kind, *map(str, (self.flash, self._hardware, self._modules))],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one call, no lock
        )
        waiting = b"\x01" if mode == "raw" else b""
        seen, tail = 0, b""
        try:
            while True:
                ready, _, _ = select.select([master, self._line], [], [], 0.01)
                if master in ready:
                    came = _read(master)
                    self._send(came)
                    tail = (tail + came)[-200:]
                    raw, friendly = tail.rfind(_RAW), tail.rfind(_FRIENDLY)
                    mode = "raw" if raw > friendly else "friendly" if friendly > raw else mode
                if self._line in ready:
                    typed = _read(self._line)
                    waiting += typed if self._has_usb else b""
                waiting = _type(master, slave, waiting)
                with control.open() as file:
                    file.seek(seen)
                    told = file.read()
                lines = told[: told.rfind("\n") + 1]
                seen += len(lines)
                for line in lines.splitlines():
                    end = self._hear(*line.split())
                    if end:
                        return end, mode
                if self._pull:
                    end, self._pull = self._pull, ""
                    return end, mode
                if self._wdt_ms is not None and time.monotonic() - self._fed_s > self._wdt_ms / 1000:
                    return "watchdog", mode
                if not self._is_on:
                    return "off", mode
                if process.poll() is not None:
                    self._send(_read(master))
                    self._send(b"MPY: soft reboot\r\n")
                    return "soft", mode
        finally:
            process.kill()
            process.wait()
            os.close(master)
            os.close(slave)

    def _hear(self, ticks: str, *words: str) -> str:
        """What the chip does when it is told that; the kind of the reset that it leads to."""
        self.told.append(" ".join(words))
        if words[0] == "reset":
            return "hard"
        if words[0] == "soft-reset":
            self._send(b"MPY: soft reboot\r\n")
            return "soft"
        if words[0] == "usb":
            self._has_usb = True
        if words[0] in ("wdt", "feed") and self._fed_ticks is not None and self._wdt_ms is not None:
            self.silences_ms.append(int(ticks) - self._fed_ticks)
        if words[0] == "wdt":
            self._wdt_ms = int(words[1])
        if words[0] in ("wdt", "feed"):
            self._fed_s, self._fed_ticks = time.monotonic(), int(ticks)
        if words[0] == "mem32" and words[1] in _CLEARED[self.kind] and words[2] == str(1 << 30):
            self._wdt_ms = None
        return ""

    def _send(self, content: bytes) -> None:
        self.output += content
        if self._has_usb and content:
            with contextlib.suppress(BlockingIOError):  # Nobody reads.
                os.write(self._line, content)


def _terminal() -> tuple[int, int]:
    """A terminal that interrupts on Ctrl-C while code runs, and changes no byte."""
    master, slave = pty.openpty()
    mode = termios.tcgetattr(slave)
    mode[0] &= ~(termios.ICRNL | termios.IXON | termios.INLCR | termios.IGNCR)
    mode[1] &= ~termios.OPOST
    mode[3] = (mode[3] & ~(termios.ICANON | termios.ECHO | termios.IEXTEN)) | termios.ISIG
    mode[6][termios.VQUIT] = mode[6][termios.VSUSP] = b"\0"
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    os.set_blocking(master, False)
    return master, slave


def _type(master: int, slave: int, waiting: bytes) -> bytes:
    """Hand on what was typed; returns what waits: while code runs only Ctrl-C is taken."""
    is_running = bool(termios.tcgetattr(slave)[3] & termios.ISIG)
    if not is_running:
        # One line at a time: the interpreter forgets what was typed behind it when it begins to run.
        end = next((index + 1 for index, byte in enumerate(waiting) if byte in b"\x04\x03\x01\x02\r"), len(waiting))
        if end:
            os.write(master, waiting[:end])
        return waiting[end:]
    if _CTRL_C in waiting:
        os.write(master, _CTRL_C)
        return waiting[waiting.rfind(_CTRL_C) + 1 :]
    return waiting


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except (BlockingIOError, OSError):
        return b""
