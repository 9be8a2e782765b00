"""The help of the command and of its groups, at the width of a common terminal."""

import pytest

from tests.labs.fota_command import FotaCommand

GROUPS = ("", "things", "image", "board", "keys", "release", "rollout", "local")


@pytest.mark.parametrize("group", GROUPS)
def test_no_summary_of_a_command_is_cut_and_no_line_is_too_wide(group: str) -> None:
    shown = FotaCommand({"COLUMNS": "80"})(*group.split(), "--help").stdout
    commands = shown.partition("Commands:\n")[2].rstrip()
    assert commands.endswith(".")
    assert "..." not in commands
    assert max(map(len, shown.splitlines())) <= 80
