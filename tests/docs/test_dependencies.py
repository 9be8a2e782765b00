"""The how-to on dependencies, run as it is written, in a clone of the repository; packages come from PyPI."""

import shutil
from pathlib import Path

import pytest

from tests.labs.docs_pages import ROOT
from tests.labs.docs_steps import follow
from tests.labs.shell import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OF_A_CLONE = ("src", "examples", "README.md", "LICENSE", "pyproject.toml")


def clone(folder: Path) -> None:
    for name in OF_A_CLONE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, folder / name)


def test_every_step_of_the_page_does_what_it_says(shell: Shell, tmp_path: Path) -> None:
    clone(tmp_path)
    assert follow("docs/how-to/dependencies.md", shell, tmp_path) >= 12
