"""strace: how it is told what to do at a point, and what it says of the calls it saw.

Buffers are never printed (`-s 0`): they hold keys.
"""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sweeps.killsweep.points import CRASH, CUT, ELSEWHERE, HOME, SOCKET, Call, Point

EVERY_CALL = "%file,%desc,%network"
_CALL = re.compile(r"(\w+)\((.*)")
_PATH = re.compile(r'[<"](/[^">]*)[">]')
_SOCKET = re.compile(r"^\d+<(socket|UNIX|TCP|UDP|NETLINK)[^>]*>")
# The sweep leaves these out: the start of the program, and memory.
_LEFT_OUT = frozenset(("execve", "mmap"))


class StraceMissing(Exception):
    """strace is not installed, or may not trace here; the message says what to do."""


def require_strace() -> None:
    """*Raises* StraceMissing."""
    strace = shutil.which("strace")
    if strace is None:
        raise StraceMissing("strace is not installed: run `apt-get install strace`")
    tried = subprocess.run(
        [strace, "-o", "/dev/null", "true"], capture_output=True, text=True, check=False, timeout=30
    )
    if tried.returncode:
        raise StraceMissing(f"strace may not trace here: {tried.stderr.strip()}")


def recording(output: Path) -> list[str]:
    """The command that records every call; a program or `-p` is to follow."""
    return ["strace", "-qq", "-y", "-s", "0", "-o", str(output), "-e", f"trace={EVERY_CALL}"]


def injecting(point: Point, output: Path, home: Path, home_names: Iterable[str]) -> list[str]:
    """The command that does what the point says, and tells of the calls of its kind."""
    call = point.call
    command = ["strace", "-y", "-s", "0", "-o", str(output), "-e", f"trace={call.name}"]
    if call.place == HOME:
        for name in home_names:
            command += ["-P", str(home / name)]
    what = "signal=SIGKILL" if point.effect in (CUT, CRASH) else f"error={point.effect.upper()}"
    return [*command, "-e", f"inject={call.name}:{what}:when={call.number}"]


def hit_line(lines: Sequence[str]) -> str:
    """The call at which the point was, in the words of strace; empty if the point was not reached."""
    for before, line in zip(["", *lines], lines, strict=False):
        if line.endswith("(INJECTED)"):
            return line
        if line.startswith("+++ killed by SIGKILL"):
            return before
    return ""


def calls_in(lines: Sequence[str], role: str, home: Path) -> list[Call]:
    """The calls that a recording tells of, each with its number.

    Calls at the home are counted among themselves, as `-P` does; the others among all of their name.
    """
    among_home: Counter[str] = Counter()
    among_all: Counter[str] = Counter()
    calls = []
    for line in lines:
        found = _CALL.match(line)
        if found is None or found[1] in _LEFT_OUT:
            continue
        name = found[1]
        place = _place(found[2], home)
        among_all[name] += 1
        if place == HOME:
            among_home[name] += 1
        calls.append(Call(role, place, name, among_home[name] if place == HOME else among_all[name]))
    return calls


def home_names_in(lines: Sequence[str], home: Path) -> set[str]:
    """The names below the home that a recording tells of; "." is the home itself."""
    return {str(path.relative_to(home)) for line in lines for path in _paths(line) if path.is_relative_to(home)}


def _place(arguments: str, home: Path) -> str:
    if any(path.is_relative_to(home) for path in _paths(arguments)):
        return HOME
    return SOCKET if _SOCKET.match(arguments) or arguments.startswith("AF_") else ELSEWHERE


def _paths(text: str) -> list[Path]:
    return [Path(path) for path in _PATH.findall(text)]
