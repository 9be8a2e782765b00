"""A program for MicroPython, and where its image goes."""

from pathlib import Path

import pytest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder of a program for MicroPython."""
    folder = tmp_path / "source"
    (folder / "pump").mkdir(parents=True)
    (folder / "main.py").write_text("from pump import speed\nprint('pump at', speed.of(3))\n")
    (folder / "pump" / "speed.py").write_text("def of(step):\n    return step * 7\n")
    return folder


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return tmp_path / "image.littlefs"
