"""What the tests of boards arrange with: a thing and an image, what is made of them, and a board on a serial port."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.board.folder import BoardContents
from fota_operator.board.kinds import kind_of
from fota_operator.board.make import BoardRequest, make_contents
from fota_operator.board.wifi import Wifi
from tests.labs.board_files import image_in, small_contents, thing_in
from tests.labs.serial_board import SerialBoard


@pytest.fixture
def thing(tmp_path: Path) -> Path:
    return thing_in(tmp_path)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return image_in(tmp_path)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> BoardContents:
    """All that goes on a board, with the real library and the real `main.py`."""
    folder = tmp_path_factory.mktemp("made")
    request = BoardRequest(kind_of("unix"), thing_in(folder), image_in(folder), Wifi("the shed", "a password"))
    return make_contents(request)


@pytest.fixture
def small() -> BoardContents:
    return small_contents()


@pytest.fixture
def plugged_in(tmp_path: Path) -> Callable[..., SerialBoard]:
    """A board, not plugged in yet; the same flash for every one of a test."""
    return lambda **options: SerialBoard(tmp_path / "board", **options)
