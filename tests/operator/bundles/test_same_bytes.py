"""The same input gives the same bytes, however the machine is set up where it is built."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.labs.wheel_lab import own_library, wheel

pytestmark = pytest.mark.slow

FILES = {
    "__main__.py": b"print('pump')\n",
    "main.py": b"print('pump')\n",
    "Zeta.txt": b"z" * 9000,
    "alpha/\u00e4.txt": "\u00e4".encode(),
    "alpha/__init__.py": b"",
    "beta.bin": bytes(range(256)) * 40,
    "tool.sh": b"#!/bin/sh\n",
}
KINDS = {"zipapp": (), "bundle": ("--requirements", "requirements.txt"), "littlefs": ("--micropython",)}


def written(folder: Path, names: Sequence[str], *, umask: int, time_s: int) -> None:
    """The same files, written in this order, at this time."""
    before = os.umask(umask)
    try:
        for name in names:
            path = folder / "program" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(FILES[name])
            if name == "tool.sh":
                path.chmod(path.stat().st_mode | 0o100)
            os.utime(path, (time_s, time_s))
    finally:
        os.umask(before)


def built(folder: Path, options: Sequence[str], *, umask: int, **environment: str) -> bytes:
    command = [sys.executable, "-m", "fota_operator", "image", "build", "--version", "1", *options, "--json"]
    done = subprocess.run(
        [
            *command,
            "-o",
            str(folder / "image"),
            "program" if (folder / "elsewhere").exists() else str(folder / "program"),
        ],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        umask=umask,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"] == "1"
    return (folder / "image").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, kind: str) -> None:
    one, other = tmp_path / "one", tmp_path / "another folder"
    written(one, list(FILES), umask=0o022, time_s=1_000_000_000)
    written(other, list(reversed(FILES)), umask=0o077, time_s=1_700_000_001)
    (other / "elsewhere").touch()
    wheels = tmp_path / "wheels"
    own_library(wheels)
    wheel(wheels, "pump", tag="cp311-cp311-linux_x86_64", files={"pump/__init__.py": b"", "pump/data": b"d" * 5000})
    for folder in (one, other):
        (folder / "requirements.txt").write_text("pump\naws-iot-fota\n")
        shutil.copytree(wheels, folder / "wheels")
    options = list(KINDS[kind])
    if kind == "bundle":
        options += ["--find-links", "wheels", "--target", "cp311-manylinux_2_31_x86_64"]
    first = built(one, options, umask=0o022, LC_ALL="C", TZ="UTC", PYTHONHASHSEED="1")
    second = built(other, options, umask=0o077, LC_ALL="C.UTF-8", TZ="Asia/Tokyo", PYTHONHASHSEED="2")
    assert first == second
    assert len(first) > 9000


def test_no_member_is_compressed_so_that_no_version_of_zlib_matters(tmp_path: Path) -> None:
    written(tmp_path, list(FILES), umask=0o022, time_s=0)
    built(tmp_path, KINDS["zipapp"], umask=0o022)
    members = zipfile.ZipFile(tmp_path / "image").infolist()
    assert {member.compress_type for member in members} == {zipfile.ZIP_STORED}
