"""The how-to about a factory: its commands, with a local AWS and keys of openssl."""

import shutil
import stat
from pathlib import Path

import pytest

from tests.labs.docs_steps import follow, running_below
from tests.labs.shell import Shell

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

MIN_FOLLOWED_STEPS = 7


def test_every_step_of_the_page_does_what_it_says(shell_to_try: Shell, folder_to_try: Path) -> None:
    assert follow("docs/how-to/factory.md", shell_to_try, folder_to_try) >= MIN_FOLLOWED_STEPS
    assert running_below(folder_to_try) == []
    keys = list(folder_to_try.rglob("*.key"))
    # Those of the devices, and no other: not the operator's.
    ours = [path for path in keys if ".fota-local" not in path.parts]
    assert sorted(path.parent.name for path in ours) == ["device-1", "device-2"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in ours} == {0o600}
