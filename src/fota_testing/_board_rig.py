"""The rig that `fota_testing.board_contract` checks: a board, and methods for what a test does to it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.boards import Board


class Rig:
    """A board, and methods for what a test does to it. A porter makes a subclass.

    A new rig has the image of seed 0 in slot 0, confirmed, and nothing else.
    """

    max_starts = 1
    """How often an image on trial may be started. A boot loader that owns the trial may need one more."""

    def image(self, seed: int) -> bytes:
        """An image that the board can start; another one for each seed."""
        raise NotImplementedError

    def reset(self) -> "tuple[Board, int]":
        """Switch the board off and on; returns the board, opened anew, and the slot whose image runs now."""
        raise NotImplementedError
