"""The right to start an image on trial again within the same attempt, where a start needs a reset. For `fota.start`.

It is kept in the note of the trial, is used up before the image starts, and is given only when the image has ended:
so no power cut gives an extra attempt. The time that the trial has had is kept with it, so that the trial ends.
"""

from fota import boot, machine
from fota.waiting import pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.boot_note import BootNote
    from fota.record import Records

FIRST_DELAY_MS = 1_000
MAX_DELAY_MS = 60_000
CRASH_DELAY_MS = 5_000
"""A confirmed image that ends is started again after this pause, so that a person can look at a crash loop."""


class SameAttempt:
    """The right that the last boot gave, and the one that this boot may give."""

    def __init__(self, note: "BootNote") -> None:
        self._note = note
        self._began_ms = machine.now_ms()
        self.starts: "int" = 0
        """How often the image was started again within this attempt."""
        self._spent_ms = 0

    def slot(self, records: "Records", proves: "Callable[[int], bool | None]") -> "int | None":
        """The slot of the image on trial if it may start again now; else None. Uses up the right."""
        fields = self._note.load()
        starts, spent_ms = fields.pop("starts", ""), fields.pop("spent_ms", "")
        if not starts.isdigit() or not spent_ms.isdigit():
            return None
        # Cut after this: the right is used up, and the next boot spends an attempt. If it fails, this one does.
        if not self._note.save(fields):
            return None
        record = boot.known(records)
        if record is None or record.trial_slot is None or not boot.goes_on(records, record.trial_slot, proves):
            return None
        self.starts, self._spent_ms = int(starts), int(spent_ms)
        return record.trial_slot

    def left_ms(self, deadline_ms: int) -> int:
        """The rest of the time of the trial, which has `deadline_ms` in all."""
        return max(deadline_ms - self._spent_ms, 1)

    def allow_another(self, deadline_ms: int) -> bool:
        """The image could not connect, and ended: let it start again after a delay that grows. *Blocks* for that.

        Returns False, without a delay, when the time of the trial would be over then.
        """
        delay_ms = min(FIRST_DELAY_MS << min(self.starts, 10), MAX_DELAY_MS)
        spent_ms = self._spent_ms + machine.now_ms() - self._began_ms + delay_ms
        if spent_ms >= deadline_ms:
            return False
        # Cut after this: the image starts again in the attempt that it has, a little sooner.
        self._note.add(starts=str(self.starts + 1), spent_ms=str(spent_ms))
        pause(machine, delay_ms, machine.alive)
        return True
