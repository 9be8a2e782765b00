"""What the tests of pages arrange with: a shell to type into, in a folder where nothing goes on running."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.docs_steps import folder_in_a_clone
from tests.labs.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    yield from _shell_in(tmp_path)


@pytest.fixture
def folder_to_try(tmp_path: Path) -> Path:
    return folder_in_a_clone(tmp_path)


@pytest.fixture
def shell_to_try(folder_to_try: Path) -> Iterator[Shell]:
    """A shell in `folder_to_try`, for a page that is followed in a clone of the repository."""
    yield from _shell_in(folder_to_try)


def _shell_in(folder: Path) -> Iterator[Shell]:
    shell = Shell(folder)
    try:
        yield shell
    finally:
        fota = Path(sys.executable).with_name("fota")
        subprocess.run([fota, "local", "down", "--folder", folder / ".fota-local"], check=False)
        shell.end()
