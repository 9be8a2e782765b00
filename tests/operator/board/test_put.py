"""`fota board put`: what is on a board afterwards, on the real interpreter with its own REPL and littlefs."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from fota_operator.board.folder import BoardContents
from fota_operator.board.put import put_board
from fota_operator.errors import BadInput, BoardFailed
from tests.labs.board_files import small_contents
from tests.labs.interpreter import only_where_it_runs
from tests.labs.serial_board import SerialBoard

pytestmark = [pytest.mark.slow, only_where_it_runs]

Plug = Callable[..., SerialBoard]

SLEEPS = """import time
while True:
    time.sleep_ms(5)
"""
SWALLOWS = """while True:
    try:
        print('x' * 200)
    except KeyboardInterrupt:
        break
while True:
    pass
"""
CUTS = """import os, sys, machine
rename, left = os.rename, [{at}]
class Cutting:
    def __getattr__(self, name):
        return getattr(os, name)
    def rename(self, a, b):
        if not left[0]:
            machine.reset()
            while 1:
                pass
        left[0] -= 1
        rename(a, b)
sys.modules['os'] = Cutting()
"""


def on(board: SerialBoard) -> dict[str, bytes]:
    return board.files()


def wanted(contents: BoardContents) -> dict[str, bytes]:
    return {one.path.lstrip("/"): one.content for one in contents.files}


def test_all_files_are_on_the_board_and_it_starts(plugged_in: Plug, small: BoardContents) -> None:
    with plugged_in() as board:
        report = put_board(small, str(board.port))
        board.wait_for(b"main runs 1")
    assert on(board) == wanted(small)
    assert report.put == [one.path for one in small.files]
    assert (report.kept, report.was_there, report.removed, report.reconnects) == ([], [], [], 0)


def test_a_whole_board_starts_the_program_of_its_first_image(plugged_in: Plug, made: BoardContents) -> None:
    with plugged_in() as board:
        put_board(made, str(board.port))
        board.wait_for(b"the program runs")
    assert b"boot verdict=settled slot=0" in board.output


def test_what_is_there_is_not_sent_again(plugged_in: Plug, small: BoardContents) -> None:
    with plugged_in() as board:
        put_board(small, str(board.port))
        sent = board.received
        report = put_board(small, str(board.port))
    assert (report.put, report.sent_bytes) == ([], 0)
    assert board.received - sent < 6000
    assert on(board) == wanted(small)


def test_a_newer_library_comes_and_the_device_s_own_state_stays(plugged_in: Plug, small: BoardContents) -> None:
    with plugged_in() as board:
        put_board(small, str(board.port))
        newer = small_contents(version=2, slot=b"another image" * 900)
        report = put_board(newer, str(board.port))
        board.wait_for(b"main runs 2")
    assert report.put == ["/lib/fota/started.py", "/main.py"]
    assert report.kept == ["/fota-home/slot-0.img", "/fota-home/record-0"]
    assert on(board) == wanted(newer) | {"fota-home/slot-0.img": b"slot" * 3000}


def test_what_a_former_library_left_is_removed_and_the_user_s_files_stay(
    plugged_in: Plug, small: BoardContents
) -> None:
    left = {"/lib/fota/started.mpy": "", "/lib/fota/old.py": "", "/lib/mine.py": "1", "/boot.py": "print('mine')"}
    with plugged_in() as board:
        board.write(left)
        report = put_board(small, str(board.port))
    assert sorted(report.removed) == ["/lib/fota/old.py", "/lib/fota/started.mpy"]
    assert on(board) == wanted(small) | {"lib/mine.py": b"1", "boot.py": b"print('mine')"}


def test_a_board_of_another_thing_is_left_alone(plugged_in: Plug, small: BoardContents) -> None:
    with plugged_in() as board:
        put_board(small, str(board.port))
        with pytest.raises(
            BadInput, match=r"is the thing pump-1, and the files are for pump-2; take the other board"
        ):
            put_board(small_contents(version=3, thing="pump-2"), str(board.port))
        board.wait_for(b"main runs 1")
    assert on(board) == wanted(small)


@pytest.mark.parametrize("raw_paste", [True, False])
@pytest.mark.parametrize("in_pieces", [True, False])
def test_it_works_on_a_slow_line_and_on_a_board_without_raw_paste(
    plugged_in: Plug, small: BoardContents, raw_paste: bool, in_pieces: bool
) -> None:
    with plugged_in(raw_paste=raw_paste, in_pieces=in_pieces) as board:
        put_board(small, str(board.port))
    assert on(board) == wanted(small)


@pytest.mark.parametrize(
    "program",
    [SLEEPS, SWALLOWS],
    ids=["sleeps", "swallows the first Ctrl-C"],
)
def test_a_program_that_runs_is_interrupted(plugged_in: Plug, small: BoardContents, program: str) -> None:
    with plugged_in() as board:
        board.write({"/main.py": program})
        board.restart()
        put_board(small, str(board.port))
        board.wait_for(b"main runs 1")
    assert on(board) == wanted(small)


def test_a_boot_py_that_never_ends_is_interrupted_too(plugged_in: Plug, small: BoardContents) -> None:
    with plugged_in() as board:
        board.write({"/boot.py": "while True: pass\n"})
        board.restart()
        put_board(small, str(board.port))
    assert on(board) == wanted(small) | {"boot.py": b"while True: pass\n"}


PULLED = (700, 14_000, 30_000, 40_000)


@pytest.mark.parametrize("after", PULLED)
def test_a_cable_pulled_in_the_middle_is_one_line_and_the_next_put_goes_on(
    plugged_in: Plug, small: BoardContents, after: int
) -> None:
    with plugged_in(pulled_after=(after,)) as board:
        began = time.monotonic()
        with pytest.raises(BoardFailed, match=r"plug (it|the board) in") as caught:
            put_board(small, str(board.port))
        assert time.monotonic() - began < 20
        assert "\n" not in str(caught.value)
    # Until all of it is there, nothing has its name: what was on the board is as it was.
    assert [path for path in on(board) if not path.endswith(".part")] == []
    kept = sum(len(content) for content in on(board).values())
    with board:
        report = put_board(small, str(board.port))
        board.wait_for(b"main runs 1")
    assert on(board) == wanted(small)
    assert report.sent_bytes == sum(len(one.content) for one in small.files) - kept


def test_a_cable_pulled_in_an_update_leaves_the_old_library_whole(plugged_in: Plug, small: BoardContents) -> None:
    with plugged_in() as board:
        put_board(small, str(board.port))
    newer = replace(
        small, files=tuple(replace(one, content=one.content * 2) for one in small.files[:3]) + small.files[3:]
    )
    with plugged_in(pulled_after=(20_000,)) as board, pytest.raises(BoardFailed):
        put_board(newer, str(board.port))
    assert {path: content for path, content in on(board).items() if not path.endswith(".part")} == wanted(small)


def test_a_watchdog_that_bites_in_the_middle_costs_nothing_but_time(plugged_in: Plug, small: BoardContents) -> None:
    with plugged_in(resets_after=(22_000, 40_000)) as board:
        report = put_board(small, str(board.port))
    assert report.reconnects == 2
    assert on(board) == wanted(small)


@pytest.mark.parametrize("lost", [(9_000,), (9_000, 30_000, 30_001, 42_345)])
def test_bytes_that_get_lost_on_the_line_are_noticed(
    plugged_in: Plug, small: BoardContents, lost: tuple[int, ...]
) -> None:
    with plugged_in(lost_bytes=lost) as board:
        for _ in range(5):
            try:
                put_board(small, str(board.port))
                break
            except BoardFailed:
                assert not {path for path in on(board) if not path.endswith(".part")}
        board.wait_for(b"main runs 1")
    assert on(board) == wanted(small)


def test_a_board_without_room_is_refused_before_anything_is_sent(plugged_in: Plug, small: BoardContents) -> None:
    refused = pytest.raises(BoardFailed, match=r"bytes of flash free, and \d+ are needed; remove files")
    with plugged_in(flash_blocks=24) as board, refused:
        put_board(small, str(board.port))
    assert on(board) == {}


@pytest.mark.parametrize("at", [0, 1, 4, 6])
def test_a_power_cut_while_the_files_get_their_names_is_mended_by_the_next_put(
    plugged_in: Plug, small: BoardContents, at: int
) -> None:
    """The cut is in the middle of the one script that does it: after so many renames."""
    with plugged_in() as board:
        board.write({"/boot.py": CUTS.format(at=at)})
        for _ in range(9):
            try:
                put_board(small, str(board.port))
                break
            except BoardFailed:
                is_whole = {path for path in on(board) if not path.endswith(".part")} == {*wanted(small), "boot.py"}
                assert "main.py" not in on(board) or is_whole
                board.write({"/boot.py": ""})
        board.wait_for(b"main runs 1")
    assert on(board) == wanted(small) | {"boot.py": on(board)["boot.py"]}
