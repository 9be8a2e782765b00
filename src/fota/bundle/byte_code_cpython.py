"""Byte code of a bundle's sources, made once, at unpacking: a start need not compile.

It is made in a process of its own, which touches no file: a source that takes the compiler down, or all memory, takes
nothing else with it. A file that cannot be compiled stays without byte code: Python says why when it is imported.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress

from fota.waiting import still_waiting

MAX_SOURCE_BYTES = 16 << 20
"""A larger file stays without byte code."""

_WITHIN_S = 120
_END_WITHIN_S = 5

# PEP 552: a file of byte code whose source is not looked at when it is used.
_PROGRAM = """
import importlib.util, marshal, sys
while True:
    head = sys.stdin.buffer.read(8)
    if len(head) < 8:
        break
    path = sys.stdin.buffer.read(int.from_bytes(head[:4], "little")).decode()
    source = sys.stdin.buffer.read(int.from_bytes(head[4:], "little"))
    try:
        code = marshal.dumps(compile(source, path, "exec", dont_inherit=True))
        made = importlib.util.MAGIC_NUMBER + bytes((1, 0, 0, 0)) + importlib.util.source_hash(source) + code
    except Exception:
        made = b""
    sys.stdout.buffer.write(len(made).to_bytes(4, "little") + made)
    sys.stdout.buffer.flush()
"""


class Compiler:
    """A Python that compiles; use it as a context."""

    def __init__(self) -> None:
        self._process: "subprocess.Popen[bytes] | None" = None
        with suppress(OSError):
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )

    def __enter__(self) -> "Compiler":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process. *Blocks* for some seconds at most."""
        self._give_up(_END_WITHIN_S)

    def byte_code(self, path: str, source: bytes) -> bytes:
        """What Python keeps of that source in a .pyc; empty if there is none. *Blocks* for two minutes at most."""
        name, process = path.encode(), self._process
        if process is None or process.stdin is None or len(source) > MAX_SOURCE_BYTES:
            return b""
        end_s = time.monotonic() + _WITHIN_S
        try:
            process.stdin.write(len(name).to_bytes(4, "little") + len(source).to_bytes(4, "little") + name + source)
            process.stdin.flush()
            return self._answer(int.from_bytes(self._answer(4, end_s), "little"), end_s)
        except OSError:
            self._give_up(0)
            return b""

    def _answer(self, size_bytes: int, end_s: float) -> bytes:
        """This number of bytes of the process. *Raises* OSError when it ended, or takes too long."""
        import select

        process, came = self._process, bytearray()
        while len(came) < size_bytes:
            if process is None or process.stdout is None or time.monotonic() > end_s:
                raise TimeoutError("no byte code")
            if select.select([process.stdout], [], [], 1)[0]:
                chunk = os.read(process.stdout.fileno(), size_bytes - len(came))
                if not chunk:
                    raise BrokenPipeError("no byte code")
                came += chunk
            still_waiting()
        return bytes(came)

    def _give_up(self, grace_s: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def place_of(path: str) -> str:
    """Where Python looks for the byte code of a source: `app/a.py` gives `app/__pycache__/a.cpython-311.pyc`."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
