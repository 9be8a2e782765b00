"""An object that is told what an update does. Override what interests you; every method does nothing."""


class Progress:
    """Methods are called from within `update` and `handle_fota_jobs`: be quick, and do not raise."""

    def taken(self, job_id: str) -> None:
        """A firmware job was accepted and claimed."""

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """So much of the image is written to the spare slot; called often."""

    def retrying(self, reason: str, delay_ms: int) -> None:
        """The download broke off for `reason` and goes on after `delay_ms`."""

    def proving(self, slot: int) -> None:
        """All bytes came; the slot is read back."""

    def installed(self, slot: int) -> None:
        """The slot proved to hold the image."""

    def restarting(self) -> None:
        """The device is about to restart."""

    def confirmed(self, slot: int) -> None:
        """The running image is final."""

    def ended(self, job_id: str, status: str, reason: str) -> None:
        """The service took the report of a job: SUCCEEDED, FAILED or REJECTED, and why."""
