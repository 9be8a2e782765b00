"""Where the packages of PyPI that peers need are: each with its own in a folder of `.peers`, in no environment."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from peers.programs import PLACE, NotHere, alone

_INSTALL_WITHIN_S = 240
_PIP = ("--quiet", "--disable-pip-version-check", "--no-compile", "--no-warn-conflicts")
# Each range is of versions that were tried. The clients run beside our own packages, which have what they need.
_PACKAGES = {
    "awscrt": ("awscrt>=0.38,<0.39", "--no-deps"),
    "aiomqtt": ("aiomqtt>=2.5,<3", "--no-deps"),
    "moto": ("moto[server]>=5.2,<6",),
}


def folder(name: str) -> Path:
    """The folder for PYTHONPATH; it is filled the first time. *Raises* NotHere."""
    requirement, *options = _PACKAGES[name]
    place = PLACE / "pypi" / name
    ready = place / "ready"
    with alone():
        if not ready.is_file() or ready.read_text() != requirement:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            _install(requirement, "--target", str(place), *options)
            ready.write_text(requirement)
    return place


def version(name: str) -> str:
    """The version that was fetched. *Raises* NotHere."""
    names = (re.fullmatch(rf"{name}-([^-]+)\.dist-info", path.name) for path in folder(name).iterdir())
    found = next((match.group(1) for match in names if match), None)
    if found is None:
        raise NotHere(f"{name} has no version")
    return found


def _install(requirement: str, *options: str) -> None:
    command = [sys.executable, "-m", "pip", "install", *_PIP, *options, requirement]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_WITHIN_S)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise NotHere(f"{requirement} cannot be fetched: {said[-1][:200]}") from error
