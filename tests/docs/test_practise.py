"""The how-to about practising: its commands, with a local AWS and real devices of `fota local devices`."""

from pathlib import Path

import pytest

from tests.labs.docs_steps import follow
from tests.labs.shell import Shell

pytestmark = pytest.mark.e2e

MIN_FOLLOWED_STEPS = 8


def test_every_command_of_the_page_does_what_it_says(shell: Shell, tmp_path: Path) -> None:
    assert follow("docs/how-to/practise-a-rollout.md", shell, tmp_path) >= MIN_FOLLOWED_STEPS
