"""Where the programs of the peers are: in Debian's packages, unpacked into `.peers` of the checkout.

Nothing is installed on the machine. Git ignores the folder, and it may be deleted.
"""

import fcntl
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent / ".peers"
_ROOT = PLACE / "root"
_FETCH_WITHIN_S = 120
_TELL_WITHIN_S = 10
_LIBRARIES = ("libapr1", "libaprutil1", "libcjson1", "libdlt2", "libwebsockets17", "libev4", "libuv1", "libwrap0")
_ERLANG = tuple(
    f"erlang-{part}"
    for part in (
        "asn1", "base", "crypto", "eldap", "ftp", "inets", "mnesia", "os-mon", "parsetools", "public-key",
        "runtime-tools", "snmp", "ssl", "syntax-tools", "tftp", "tools", "xmerl",
    )
)  # fmt: skip


@dataclass(frozen=True)
class _Program:
    """Debian's packages that hold it, where it is in them, and the option that makes it tell its version.

    The range is of the upstream version: a test that passed with one of it says little of the next.
    Without an option the version is in the path.
    """

    packages: tuple[str, ...]
    path: str
    asks: str | None
    least: tuple[int, int]
    below: tuple[int, int]


_PROGRAMS = {
    "nginx": _Program(("nginx", *_LIBRARIES), "usr/sbin/nginx", "-v", (1, 18), (2, 0)),
    "apache2": _Program(("apache2-bin", *_LIBRARIES), "usr/sbin/apache2", "-v", (2, 4), (2, 5)),
    "mosquitto": _Program(("mosquitto", *_LIBRARIES), "usr/sbin/mosquitto", "-h", (2, 0), (2, 1)),
    "rabbitmq-server": _Program(
        ("rabbitmq-server", *_ERLANG),
        "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
        None,
        (3, 10),
        (3, 13),
    ),
}
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?")


class NotHere(Exception):
    """A peer could not be had on this machine; the text says why."""


def program(name: str) -> str:
    """The path of the program; it is fetched the first time. *Raises* NotHere."""
    with alone():
        if not _found(name):
            _fetch(*_PROGRAMS[name].packages)
        if not _found(name):
            raise NotHere(f"{_PROGRAMS[name].packages[0]} holds no {name}")
    _require_range(name)
    return str(_found(name)[0])


def erlang() -> Path:
    """The folder with Erlang's own programs."""
    return _ROOT / "usr" / "lib" / "erlang"


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time fetches."""
    PLACE.mkdir(exist_ok=True)
    with (PLACE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def modules_of_apache() -> Path:
    """The folder with the modules of Apache."""
    return _ROOT / "usr" / "lib" / "apache2" / "modules"


def environment() -> dict[str, str]:
    """What a program needs to find its libraries."""
    folders = [str(path) for parent in ("usr/lib", "lib") for path in (_ROOT / parent).glob("*-linux-gnu*")]
    return {"LD_LIBRARY_PATH": ":".join(folders)}


def version(name: str) -> str:
    """The version that the program tells. *Raises* NotHere."""
    asks = _PROGRAMS[name].asks
    path = _found(name)[0]
    told = str(path.relative_to(_ROOT)) if asks is None else _told([str(path), asks])
    found = _VERSION.search(told)
    if found is None:
        raise NotHere(f"{name} does not start: {told.strip()[:200]}")
    return found.group()


def _found(name: str) -> list[Path]:
    return sorted(_ROOT.glob(_PROGRAMS[name].path))


def _told(asked: list[str]) -> str:
    try:
        said = subprocess.run(
            asked,
            check=False,
            capture_output=True,
            text=True,
            timeout=_TELL_WITHIN_S,
            env={**os.environ, **environment()},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"{Path(asked[0]).name} does not start: {type(error).__name__}") from error
    return said.stdout + said.stderr


def _require_range(name: str) -> None:
    least, below = _PROGRAMS[name].least, _PROGRAMS[name].below
    told = version(name)
    numbers = tuple(int(part) for part in told.split(".")[:2])
    if not least <= numbers < below:
        raise NotHere(f"{name} {told} is not of the versions {least[0]}.{least[1]} to before {below[0]}.{below[1]}")


def _fetch(*packages: str) -> None:
    debs = PLACE / "debs" / packages[0]
    debs.mkdir(parents=True, exist_ok=True)
    try:
        # As root, apt-get would complain that its own user cannot read this folder.
        _run(["apt-get", "-o", "APT::Sandbox::User=root", "download", *packages], debs)
        for package in sorted(debs.glob("*.deb")):
            _run(["dpkg", "-x", str(package), str(_ROOT)], debs)
        _move_erlang()
    except (OSError, subprocess.SubprocessError) as error:
        complaint = getattr(error, "stderr", "") or str(error)
        raise NotHere(f"{packages[0]} cannot be fetched: {complaint.strip().splitlines()[-1][:200]}") from error


def _move_erlang() -> None:
    """Debian's `erl` knows no other place than its own."""
    erl = erlang() / "bin" / "erl"
    if erl.is_file():
        erl.write_text(erl.read_text().replace("ROOTDIR=/usr/lib/erlang\n", f"ROOTDIR={erlang()}\n"))


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_FETCH_WITHIN_S)
