"""The how-to for a board, from an empty folder to the first update, with the real interpreter on a serial port."""

from pathlib import Path

import pytest

from tests.labs.docs_steps import follow, running_below
from tests.labs.interpreter import only_where_it_runs
from tests.labs.serial_board import SerialBoard
from tests.labs.shell import Shell

PAGE = "docs/how-to/first-esp32-update.md"
MIN_FOLLOWED_STEPS = 6

pytestmark = [pytest.mark.e2e, pytest.mark.slow, only_where_it_runs]


def test_every_step_of_the_page_does_what_it_says(shell_to_try: Shell, folder_to_try: Path, tmp_path: Path) -> None:
    with SerialBoard(tmp_path / "board", platform="esp32", flash_blocks=512) as board:
        shell_to_try.type(f"port={board.port}")
        assert follow(PAGE, shell_to_try, folder_to_try) >= MIN_FOLLOWED_STEPS
        board.wait_for(b"confirmed slot=1")
        shell_to_try.type("fota local down")
    assert b"its password" not in board.output
    assert running_below(folder_to_try) == []
