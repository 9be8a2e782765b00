"""How much memory an update takes on MicroPython: 1 MiB, signed, over TLS, with the library compiled.

The library is one module, which lies in ROM, where its byte code runs in place, or in a file, from which it is loaded
into the heap; or it is single modules in files, which take more.
Sizes are for words of 32 bits, as microcontrollers have them: MicroPython's `-X heapsize=96wk` is 96 KiB there, and
192 KiB where a word has 64, and so an object twice the size. What TLS takes is not in the heap of this port.
"""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from tests.labs.board import Board
from tests.labs.board_heaps import ENOUGH_KIB
from tests.labs.board_lab import BoardLab
from tests.labs.interpreter import IS_OF_32_BITS, only_where_it_runs

pytestmark = [pytest.mark.e2e, only_where_it_runs]

IMAGE_BYTES = 1 << 20
LIBRARIES = {"rom": "bundle_in_rom", "files": "bundle", "modules": "library"}

TOO_SMALL_KIB = 48

WORDS = 1 if IS_OF_32_BITS else 2
"""A word of this port is so many of 32 bits."""

TRIES = 4
"""A heap passes if so many updates in a row do."""

STEP_KIB = 4

Updates = Callable[[int], bool]


@pytest.fixture(params=ENOUGH_KIB)
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def updates(place: str, local_aws: LocalAws, request: pytest.FixtureRequest, tmp_path: Path) -> Updates:
    """Whether the update of a new board with so many KiB of heap, at 32 bits, succeeds."""
    library: Path = request.getfixturevalue(LIBRARIES[place])
    numbers = itertools.count(1)

    def succeeds(heap_kib: int) -> bool:
        folder = tmp_path / f"try-{next(numbers)}"
        folder.mkdir()
        lab = BoardLab(local_aws, folder, library, is_signed=True)
        image = lab.image("2", ballast_bytes=IMAGE_BYTES)
        lab.start(image, lab.release(image, "maker"))
        with lab.board(heap=f"{heap_kib}wk") as board:
            board.eventually(lambda: has_run_out(board) or board.said("status=SUCCEEDED"), "an end of the update")
            return not has_run_out(board)

    return succeeds


def has_run_out(board: Board) -> bool:
    """Whether it was out of memory once, whatever came of that."""
    return bool(board.said("MemoryError") or board.said("memory allocation failed"))


def test_an_update_of_1_mib_succeeds_in_the_heap_that_we_promise(updates: Updates, place: str) -> None:
    assert updates(ENOUGH_KIB[place])


def test_a_heap_that_is_too_small_is_noticed(updates: Updates) -> None:
    assert not updates(TOO_SMALL_KIB)


@pytest.mark.skipif("FOTA_MEASURE_HEAP" not in os.environ, reason="takes long; `make test-micropython` measures it")
def test_the_smallest_heap_is_measured(
    updates: Updates, place: str, record_property: Callable[[str, object], None]
) -> None:
    def passes(heap_kib: int) -> bool:
        return all(updates(heap_kib) for _ in range(TRIES))

    if place == "modules":
        pytest.skip("a board with little memory has the library as one module")
    assert passes(ENOUGH_KIB[place])
    too_small_kib, enough_kib = TOO_SMALL_KIB, ENOUGH_KIB[place]
    while enough_kib - too_small_kib > STEP_KIB:
        middle_kib = (too_small_kib + enough_kib) // 2
        too_small_kib, enough_kib = (too_small_kib, middle_kib) if passes(middle_kib) else (middle_kib, enough_kib)
    record_property(f"smallest_heap_kib_{place}", enough_kib * WORDS)
