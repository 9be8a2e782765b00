"""The tutorial, run as it is written: its files made, its commands typed into one shell, its output compared."""

from pathlib import Path

import pytest

from tests.labs.docs_steps import follow, running_below
from tests.labs.shell import Shell

pytestmark = pytest.mark.e2e

MIN_FOLLOWED_STEPS = 12


def test_every_step_of_the_tutorial_does_what_the_page_says(shell: Shell, tmp_path: Path) -> None:
    assert follow("docs/tutorial.md", shell, tmp_path) >= MIN_FOLLOWED_STEPS
    assert running_below(tmp_path) == []
