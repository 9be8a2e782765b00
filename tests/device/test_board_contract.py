"""Both boards meet the contract of `fota.boards`, and the check of that contract catches a board that breaks it."""

from collections.abc import Iterator

import pytest

from fota_testing.board_contract import Rig, check_board
from fota_testing.posix.model import installed
from tests.labs.board_rigs import ESP32_RIGS, MACHINE, MODULES, Esp32Rig, FilesRig
from tests.labs.broken_boards import BROKEN


@pytest.fixture(autouse=True)
def files_in_memory() -> Iterator[None]:
    with installed(MACHINE, *MODULES):  # type: ignore[arg-type]
        yield


def test_the_board_in_files_meets_every_clause() -> None:
    assert check_board(FilesRig) == []


@pytest.mark.parametrize("rig", ESP32_RIGS, ids=lambda rig: rig.shape)
def test_the_esp32_meets_every_clause(rig: type[Rig]) -> None:
    assert check_board(rig) == []


class BareRig(Rig):
    """A rig that can be reset and nothing else."""

    max_starts = 2

    def __init__(self) -> None:
        self._rig = Esp32Rig()

    def image(self, seed):
        return self._rig.image(seed)

    def reset(self):
        return self._rig.reset()


def test_the_check_says_what_it_could_not_look_at() -> None:
    assert [line.split(":")[0] for line in check_board(BareRig)] == [
        "clause 4",
        "clauses 3 and 7",
        "clauses 7 and 11",
        "clauses 2, 4, 5, 6, 8 and 10",
    ]


def test_every_clause_has_a_board_that_breaks_it() -> None:
    assert set(BROKEN) == set(range(1, 12))


@pytest.mark.parametrize(("clause", "broken"), [(clause, rig) for clause, rigs in BROKEN.items() for rig in rigs])
def test_a_board_that_breaks_a_clause_is_caught_by_its_number(clause: int, broken: type[Rig]) -> None:
    with pytest.raises(AssertionError, match=rf"^clause {clause}: "):
        check_board(broken, clauses=[clause])
