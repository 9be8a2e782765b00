"""One update as the journal keeps it: whose it is, which image it wants, how far it came. Values and fields only."""

from fota.digests import Digests
from fota.fields import is_hexadecimal
from fota.transfer.checkpoint import Checkpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLAIMED = "claimed"
"""The job was taken: the spare slot may be half written."""

INSTALLED = "installed"
"""The spare slot was verified to hold the image; from here on the boot record says what follows."""

FAILED = "failed"
"""It failed before any trial, and the report of that is still due."""

MAX_ETAG = 128
_MAX_PATCH_ETAG = 64
_MAX_TEXT = 200
"""Characters of a message. JSON takes up to 12 bytes for one, and an entry must fit into a cell."""


class PatchTaken:
    """The patch that an update takes: its bytes as the job promised them, and how far they have come."""

    def __init__(self, sha256: bytes, size_bytes: int, checkpoint: "Checkpoint | None" = None) -> None:
        self.sha256 = sha256
        self.size_bytes = size_bytes
        self.checkpoint: "Checkpoint" = checkpoint or Checkpoint()

    def at(self, checkpoint: Checkpoint) -> "PatchTaken":
        """The same patch, which has come so far."""
        return PatchTaken(self.sha256, self.size_bytes, checkpoint)

    def fields(self) -> "list[object]":
        """What the journal writes of it. An ETag that is long or odd is left out: an entry must fit into a cell."""
        came = self.checkpoint
        is_short = len(came.etag) <= _MAX_PATCH_ETAG and max(came.etag or " ") <= "~"
        etag = came.etag if is_short else ""
        fields: "list[object]" = [self.sha256.hex(), etag, self.size_bytes]
        fields += [came.offset_bytes, came.check32, came.received_bytes, came.spent_ms]
        return fields


def patch_taken(fields: object) -> "PatchTaken | None":
    """The patch that was written as these fields; None if there is none, or they make no sense."""
    if not isinstance(fields, list) or [type(one) for one in fields] != [str, str, int, int, int, int, int]:
        return None
    sha256, etag, size_bytes, offset_bytes, check32, received_bytes, spent_ms = fields
    if min(fields[2:]) < 0 or not is_hexadecimal(sha256, 64):
        return None
    return PatchTaken(
        bytes.fromhex(sha256), size_bytes, Checkpoint(offset_bytes, check32, etag, received_bytes, spent_ms)
    )


class Entry:
    """One update. An entry is never changed: `at` and `with_checkpoint` make the next one."""

    def __init__(
        self,
        job_id: str,
        execution: int,
        wanted: Digests,
        stage: str = CLAIMED,
        taken_up: int = 1,
        checkpoint: "Checkpoint | None" = None,
        reason: str = "",
        message: str = "",
    ) -> None:
        self.job_id = job_id
        self.execution = execution
        """The execution number of the job, opaque: a retry of the same job has another."""
        self.wanted = wanted
        """The digests of the job's image."""
        self.stage = stage
        self.taken_up = taken_up
        """How often this execution was taken up: once, and again after every reset before it was installed."""
        self.checkpoint: "Checkpoint" = checkpoint or Checkpoint()
        """With CLAIMED: how far the download is verified to be on storage."""
        self.reason = reason
        """With FAILED: the word to report."""
        self.message = message
        """With FAILED: the sentence to report."""
        self.way: "dict[str, str]" = {}
        """How the image comes, as the job is told: its details; empty if the job offered no patch."""
        self.patch: "PatchTaken | None" = None
        """The patch that it is made from; None if the whole image is fetched."""

    @property
    def left_bytes(self) -> int:
        """How many bytes are still to be fetched."""
        if self.patch is not None:
            return self.patch.size_bytes - self.patch.checkpoint.offset_bytes
        return self.wanted.size_bytes - self.checkpoint.offset_bytes

    def is_of(self, job_id: str, execution: int, wanted: Digests) -> bool:
        """Whether the entry is about this execution, and its job still wants the same image."""
        return (self.job_id, self.execution) == (job_id, execution) and self.wanted.matches(wanted)

    def at(self, stage: str, reason: str = "", message: str = "") -> "Entry":
        """The same update, at another stage."""
        return self._next(stage, self.taken_up, self.checkpoint, reason, message[:_MAX_TEXT])

    def with_checkpoint(self, checkpoint: Checkpoint) -> "Entry":
        """The same update, with a later checkpoint of its download."""
        return self._next(self.stage, self.taken_up, checkpoint)

    def by_way(self, way: "dict[str, str]", patch: "PatchTaken | None") -> "Entry":
        """The same update, whose image comes in that way."""
        entry = self._next(self.stage, self.taken_up, self.checkpoint)
        entry.way, entry.patch = way, patch
        return entry

    def taken_up_again(self) -> "Entry":
        """The same update, after a reset."""
        return self._next(CLAIMED, self.taken_up + 1, self.checkpoint)

    def _next(self, stage: str, taken_up: int, checkpoint: Checkpoint, *report: str) -> "Entry":
        entry = Entry(self.job_id, self.execution, self.wanted, stage, taken_up, checkpoint, *report)
        entry.way, entry.patch = self.way, self.patch
        return entry

    def fields(self) -> "dict[str, object]":
        """What the journal writes of it."""
        wanted, checkpoint = self.wanted, self.checkpoint
        fields: "dict[str, object]" = {
            "job": self.job_id,
            "execution": self.execution,
            "stage": self.stage,
            "taken_up": self.taken_up,
            "size": wanted.size_bytes,
            "md5": wanted.md5.hex(),
            "sha256": (wanted.sha256 or b"").hex(),
            "proven": [checkpoint.offset_bytes, checkpoint.check32, checkpoint.received_bytes, checkpoint.spent_ms],
            "etag": checkpoint.etag[:MAX_ETAG],
            "reason": self.reason,
            "message": self.message,
        }
        # Older code does not know these members, and leaves them out: it fetches the whole image.
        if self.way:
            fields["way"] = self.way
        if self.patch is not None:
            fields["patch"] = self.patch.fields()
        return fields


def entry_of(fields: "dict[str, Any]") -> "Entry | None":
    """The entry that was written as these fields; None if there is none, or they make no sense."""
    try:
        wanted = Digests(fields["size"], bytes.fromhex(fields["md5"]), bytes.fromhex(fields["sha256"]) or None)
        offset_bytes, check32, received_bytes, spent_ms = fields["proven"]
        # Each value is checked later, so any of them may have any type here.
        entry = Entry(
            fields["job"],
            fields["execution"],
            wanted,
            fields["stage"],
            fields["taken_up"],
            Checkpoint(offset_bytes, check32, fields["etag"], received_bytes, spent_ms),
            fields["reason"],
            fields["message"],
        )
    except (ValueError, KeyError, TypeError):
        return None
    way = fields.get("way")
    if isinstance(way, dict):
        entry.way = {name: way[name] for name in way if type(way[name]) is str}
        entry.patch = patch_taken(fields.get("patch"))
    return entry if _is_sane(entry) else None


def _is_sane(entry: Entry) -> bool:
    wanted, checkpoint = entry.wanted, entry.checkpoint
    for number in (
        entry.execution,
        entry.taken_up,
        wanted.size_bytes,
        checkpoint.offset_bytes,
        checkpoint.check32,
        checkpoint.received_bytes,
        checkpoint.spent_ms,
    ):
        if type(number) is not int or number < 0:
            return False
    for text in (entry.job_id, entry.reason, entry.message, checkpoint.etag):
        if type(text) is not str:
            return False
    return (
        entry.stage in (CLAIMED, INSTALLED, FAILED)
        and 0 < len(entry.job_id) <= 64
        and len(wanted.md5) == 16
        and (wanted.sha256 is None or len(wanted.sha256) == 32)
    )
