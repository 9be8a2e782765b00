"""Boards of one local AWS; each test has a thing and a home of its own, all have the same compiled library."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from tests.labs.board import ROOT, compile_library
from tests.labs.board_lab import BoardLab


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_library(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as one module."""
    folder = tmp_path_factory.mktemp("bundle")
    subprocess.run([sys.executable, ROOT / "tools/bundle.py", folder], check=True, stdout=subprocess.DEVNULL)
    return folder / "littlefs"


@pytest.fixture(scope="session")
def library_in_rom(library: Path) -> Path:
    """The library as the image of a ROMFS, made as the documentation says."""
    return in_rom(library)


@pytest.fixture(scope="session")
def bundle_in_rom(bundle: Path) -> Path:
    """The bundle as the image of a ROMFS."""
    return in_rom(bundle)


def in_rom(library: Path) -> Path:
    pytest.importorskip("mpremote", reason="the tool that makes images of ROMFS is not installed")
    image = library.with_suffix(".romfs")
    command = [sys.executable, "-m", "mpremote", "romfs", "--output", str(image), "build", str(library)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return image


@pytest.fixture
def make_lab(local_aws: LocalAws, library: Path, tmp_path: Path) -> Callable[..., BoardLab]:
    def make(**options: object) -> BoardLab:
        return BoardLab(local_aws, tmp_path, library, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def lab(make_lab: Callable[..., BoardLab]) -> BoardLab:
    return make_lab()
