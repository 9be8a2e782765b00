"""How far a download has come on storage, so that it can go on after a reset."""


class Checkpoint:
    """The bytes before `offset_bytes` are on storage; `check32` checks them when they are read again."""

    def __init__(
        self,
        offset_bytes: int = 0,
        check32: int = 0,
        etag: str = "",
        received_bytes: int = 0,
        spent_ms: int = 0,
    ) -> None:
        self.offset_bytes = offset_bytes
        self.check32 = check32
        self.etag = etag
        """The server's name for this version of the object; empty if it gave none."""
        self.received_bytes = received_bytes
        """All bytes received for this job, those received twice included."""
        self.spent_ms = spent_ms
        """The time that this job's downloads have taken."""

    def from_the_start(self) -> "Checkpoint":
        """Start over at the first byte; the bytes and the time spent so far still count."""
        return Checkpoint(received_bytes=self.received_bytes, spent_ms=self.spent_ms)
