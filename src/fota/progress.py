"""An object with a method for each step of an update. Override what interests you; every method does nothing."""

from fota import machine
from fota.log import log, problem_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Progress:
    """Methods are called from within `update` and `handle_fota_jobs`: be quick. What they raise is logged."""

    def taken(self, job_id: str) -> None:
        """A firmware job was accepted and claimed."""

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """That much has come and is written: of the image, or of the patch that it is made from; called often."""

    def applying(self, done_bytes: int, total_bytes: int) -> None:
        """That much of the image was made from a patch; called often."""

    def retrying(self, reason: str, delay_ms: int) -> None:
        """The download broke off for `reason` and goes on after `delay_ms`."""

    def waiting(self) -> None:
        """Nothing happens for now. Called every second or two of a wait, and of long work: feed a watchdog here."""

    def proving(self, slot: int) -> None:
        """All bytes came; the slot is read back now."""

    def installed(self, slot: int) -> None:
        """The slot was verified to hold the image."""

    def restarting(self) -> None:
        """The device is about to restart."""

    def confirmed(self, slot: int) -> None:
        """The running image is final."""

    def ended(self, job_id: str, status: str, reason: str) -> None:
        """The service took the report of a job: SUCCEEDED, FAILED or REJECTED, and why."""


def guarded(progress: "Progress") -> Progress:
    """The same, but what a method raises is logged, once for each method, and is no fault of the update.

    Each call is a sign of life: the program, which may have promised some, waits for the update.
    """
    guard = Progress()
    for name in dir(Progress):
        if name[0] != "_":
            setattr(guard, name, _guarded(progress, name))
    return guard


def _guarded(progress: "Progress", name: str) -> "Callable[..., None]":
    logged: "list[bool]" = []

    def call(*arguments: object) -> None:
        machine.still_alive()
        try:
            getattr(progress, name)(*arguments)
        except Exception as error:  # noqa: BLE001 - the program's own code
            if not logged:
                logged.append(True)
                log("progress-failed", method=name, problem=problem_of(error))

    return call
