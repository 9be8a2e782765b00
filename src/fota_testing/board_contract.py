"""The contract of `fota.boards` as a check that any board must pass.

It is published for porters: call `check_board` with a function that makes a `Rig`, which is a board and what a test
does to it. It raises AssertionError with the number of the broken clause and a sentence. It needs no test runner
and runs on both interpreters.

What a rig cannot do is left out: the check returns the clauses that it could not check.
`_board_clauses`, `_board_cuts` and `_board_patches` hold the clauses themselves;
`check_slots` checks the slots alone, more closely.
"""

from fota_testing._board_clauses import BOOTS
from fota_testing._board_cuts import CUTS, STORAGE
from fota_testing._board_patches import PATCHES
from fota_testing._board_rig import Rig

__all__ = ("Rig", "check_board")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection


# The methods that follow are optional; a rig that has one is checked with it.
_ABILITIES = (
    ("damage", "clause 4: a damaged image, for want of `damage(slot)`"),
    ("lose_copy", "clauses 3 and 7: a lost record, for want of `lose_copy(number)`"),
    ("refuse", "clauses 7 and 11: refusals of the storage, for want of `refuse(is_refusing)`"),
    ("cut", "clauses 2, 4, 5, 6, 8 and 10: power cuts, for want of `cut(operation, act)`"),
)
"""damage(slot)        change a byte of the image that the slot holds
lose_copy(number)      make the first (0) or the second (1) copy of the boot record unreadable
refuse(is_refusing)    have the storage of the record and of the journal refuse every write, or no longer
cut(operation, act)    call `act`, have the power fail in that storage operation of it, counted from 1; returns
                       whether it did; what `act` would have done after that is not done
"""


def check_board(make_rig: "Callable[[], Rig]", *, clauses: "Collection[int]" = tuple(range(1, 12))) -> "list[str]":
    """Check a board against the clauses of `fota.boards`, all of them or those asked for.

    `make_rig()` gives a fresh rig at every call. Returns the clauses left out because the rig lacks a method.
    *Raises* AssertionError.
    """
    for number, ability, check in BOOTS + STORAGE + PATCHES:
        if number in clauses:
            rig = make_rig()
            if not ability or hasattr(rig, ability):
                check(rig)
    rig = make_rig()
    for number, check_cuts in CUTS:
        if number in clauses and hasattr(rig, "cut"):
            check_cuts(make_rig)
    return [left_out for ability, left_out in _ABILITIES if not hasattr(rig, ability)]
