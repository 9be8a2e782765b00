"""What this device says of itself: which image runs, on what, and how the last update failed. It sends nothing.

What is not known is left out. Nothing is written for it: seals, releases, record and journal say it all.
"""

import os

from fota import machine, trial
from fota.errors import RolledBack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.boards import Board
    from fota.trust.manifest import Manifest

LIBRARY_VERSION = "0.1.0"
"""The version of this library; a board has no list of what is installed."""

CONFIRMED = "confirmed"
_MAX_CHARACTERS = 32
_SHOWN_BITS = 3


class SelfReport:
    """The facts of one boot; the image that asks runs in `running_slot`."""

    def __init__(self, board: "Board", running_slot: int) -> None:
        self._board = board
        self._running_slot = running_slot

    def facts(self) -> "dict[str, object]":
        """Texts, numbers, and `last_failure`, by their names in the shadow. *Raises* StorageFailed."""
        board, slot = self._board, self._running_slot
        record = board.records.load()
        verdict = trial.SETTLED if record is None else trial.verdict(record, slot)
        facts: "dict[str, object]" = {
            "slot": slot,
            "state": trial.ON_TRIAL if verdict == trial.ON_TRIAL else CONFIRMED,
            "library": LIBRARY_VERSION,
            "interpreter": machine.interpreter(),
            "platform": machine.platform()[:_MAX_CHARACTERS],
        }
        if board.name:
            facts["board"] = board.name[:_MAX_CHARACTERS]
        release = board.releases.running(slot, even_void=True)
        facts.update(self._image_in(slot, release))
        if release is not None:
            facts.update(product=release.product, seq=release.seq)
        failure: "dict[str, str]" = self.trial_failure() if verdict == trial.ROLLED_BACK else {}
        failure = failure or board.journal.last_failure()
        if failure:
            facts["last_failure"] = failure
        return facts

    def trial_failure(self, job: str = "") -> "dict[str, str]":
        """How the image failed that was given up, by the boot record; `job`: the id of its job, if known."""
        record = self._board.records.load()
        if record is None or record.trial_slot is None:
            return {}
        failure = {"reason": RolledBack.reason, "cause": record.cause}
        if job:
            failure["job"] = job
        failure.update(self._image_in(record.trial_slot, self._board.releases.running(record.trial_slot)))
        return failure

    def free_bytes(self) -> "int | None":
        """The room on the disk of the images, rounded down to three binary digits; None where nobody knows.

        Rounded, so that what a device writes between two boots hardly changes it.
        """
        statvfs = getattr(os, "statvfs", None)
        try:
            found = statvfs(self._board.home) if statvfs and self._board.home else None
        except OSError:
            found = None
        # By position, since MicroPython gives a tuple: the size of a block, and how many of them are free to us.
        return None if found is None else rounded_down(found[1] * found[4])

    def _image_in(self, slot: int, release: "Manifest | None") -> "dict[str, str]":
        """SHA-256 and version of the image in a slot, as far as they are known."""
        found = {}
        seal = self._board.slots.seal_of(slot)
        if seal is not None and seal.sha256:
            found["sha256"] = seal.sha256.hex()
        if release is not None:
            found["version"] = release.version
        return found


def rounded_down(number: int) -> int:
    """The number with all but its first three binary digits zero."""
    shift = 0
    while number >> shift >= 1 << _SHOWN_BITS:
        shift += 1
    return number >> shift << shift
