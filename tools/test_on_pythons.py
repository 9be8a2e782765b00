"""Runs the tests of device and operator that need no server on each CPython that is supported and is on this machine.

Interpreters are looked for on the PATH, and where pyenv and uv keep theirs; none is downloaded. Each gets a virtual
environment of its own in `.pythons/`. A version that could not run is reported, but is no failure: the list at the
end says which versions were really tried. `--only 3.12` runs only that version.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".pythons"
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
FOLDERS = (
    "boot",
    "defects",
    "device",
    "fakes",
    "formats",
    "homes",
    "iot",
    "operator",
    "properties",
    "structure",
    "trust",
)
"""The folders in `tests` that test the packages. The sweeps, the documents and the benches are left out."""

_ASKED = "import platform, sys; print(platform.python_implementation(), platform.python_version())"
_CLOSING = re.compile(r"^=*\s*(\d+ (?:passed|failed).*?) in [\d.]+s", re.MULTILINE)


class Outcome(NamedTuple):
    """The result of one version."""

    version: str
    says: str
    ran: bool
    passed: bool


def interpreter(version: str) -> "tuple[Path, str] | None":
    """A CPython of that version that starts, and its full version; None if this machine has none."""
    for path in _candidates(version):
        try:
            done = subprocess.run([path, "-c", _ASKED], capture_output=True, text=True, check=False, timeout=60)
        except OSError:
            continue
        name, _, full = done.stdout.strip().partition(" ")
        # A shim of pyenv is there for versions that are not chosen, and then refuses.
        if done.returncode == 0 and name == "CPython" and full.startswith(f"{version}."):
            return path, full
    return None


def _candidates(version: str) -> Iterator[Path]:
    found = shutil.which(f"python{version}")
    if found is not None:
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    yield from sorted(Path.home().glob(f".local/share/uv/python/cpython-{version}.*/bin/python{version}"))


def environment(version: str, python: Path) -> Path:
    """The interpreter of an environment with the library and what its tests need. *Raises* CalledProcessError."""
    folder = ENVIRONMENTS / version
    inside, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists() or ready.stat().st_mtime < (ROOT / "pyproject.toml").stat().st_mtime:
        if not inside.exists():
            subprocess.run([python, "-m", "venv", folder], check=True)
        command = [
            str(inside),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--editable",
            ".[test]",
        ]
        subprocess.run(command, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
        ready.touch()
    return inside


def tested(version: str) -> Outcome:
    """Run the tests on that version, if it is here."""
    found = interpreter(version)
    if found is None:
        return Outcome(version, "not run: there is no such interpreter here", ran=False, passed=False)
    path, full = found
    try:
        inside = environment(version, path)
    except subprocess.CalledProcessError as error:
        return Outcome(version, f"not run: {full} is here, but {error}", ran=False, passed=False)
    began_s = time.monotonic()
    folders = [f"tests/{folder}" for folder in FOLDERS]
    command = [
        str(inside),
        "-m",
        "pytest",
        "-n",
        "2",
        "--dist",
        "worksteal",
        "-m",
        "not e2e",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run([*command, *folders], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    closing = _CLOSING.search(done.stdout)
    if done.returncode or closing is None:
        sys.stdout.write(done.stdout)
    counts = closing.group(1) if closing else f"pytest ended with status {done.returncode}"
    return Outcome(
        version,
        f"{full}: {counts} in {time.monotonic() - began_s:.0f} s",
        ran=True,
        passed=done.returncode == 0 and closing is not None,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status: 0 all that ran passed, 1 something failed or nothing ran."""
    parser = argparse.ArgumentParser(description="Run the tests on every CPython that is here.")
    parser.add_argument("--only", action="append", choices=VERSIONS, help="run only this version; may be repeated")
    outcomes = []
    for version in parser.parse_args(arguments).only or VERSIONS:
        outcomes.append(tested(version))
        sys.stdout.write(f"CPython {outcomes[-1].version}: {outcomes[-1].says}\n")
        sys.stdout.flush()
    ran = [outcome for outcome in outcomes if outcome.ran]
    missing = [outcome.version for outcome in outcomes if not outcome.ran]
    sys.stdout.write(f"tried: {', '.join(outcome.version for outcome in ran) or 'none'}")
    sys.stdout.write(f"; not tried: {', '.join(missing)}\n" if missing else "\n")
    return 0 if ran and all(outcome.passed for outcome in ran) else 1


if __name__ == "__main__":
    sys.exit(main())
