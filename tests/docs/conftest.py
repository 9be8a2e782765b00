"""What the tests of pages arrange with: a shell to type into, in a folder where nothing goes on running."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    try:
        yield shell
    finally:
        fota = Path(sys.executable).with_name("fota")
        subprocess.run([fota, "local", "down", "--folder", tmp_path / ".fota-local"], check=False)
        shell.end()
