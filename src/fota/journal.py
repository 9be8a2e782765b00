"""What an update must remember across a reset: whose it is, which image it wants, how far it came.

Remembered too are the images that were tried and rolled back.

The journal names the job and its execution, the boot record names the trial; no step is decided from a slot
number alone. Kept in two cells, as the record is.
"""

import json

from fota.digests import Digests
from fota.durable import DurableValue
from fota.pace import NOTHING_YET, of_numbers
from fota.record import EVIDENCE
from fota.transfer.checkpoint import Checkpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fota.durable import Cell

CLAIMED = "claimed"
"""The job was taken: the spare slot may be half written."""

INSTALLED = "installed"
"""The spare slot was verified to hold the image; from here on the boot record says what follows."""

FAILED = "failed"
"""It failed before any trial, and the report of that is still due."""

MAGIC = b"FJNL"
_FORMAT = 1
_MAX_BAD = 8
"""The number of images that were rolled back and are remembered, the newest ones."""

_TIMES_NOT_CONFIRMED = 3
"""A device that restarted in this number of trials of the same image is evidence against the image."""

_ACCOUNTS = ("pace", "fetched")
_MAX_ETAG = 128
_MAX_TEXT = 200
"""Characters of a message. JSON takes up to 12 bytes for one, and an entry must fit into a cell."""


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

    def is_of(self, job_id: str, execution: int, wanted: Digests) -> bool:
        """Whether the entry is about this execution, and its job still wants the same image."""
        return (self.job_id, self.execution) == (job_id, execution) and self.wanted.matches(wanted)

    def at(self, stage: str, reason: str = "", message: str = "") -> "Entry":
        """The same update, at another stage."""
        return self._next(stage, self.taken_up, self.checkpoint, reason, message[:_MAX_TEXT])

    def with_checkpoint(self, checkpoint: Checkpoint) -> "Entry":
        """The same update, with a later checkpoint of its download."""
        return self._next(self.stage, self.taken_up, checkpoint)

    def taken_up_again(self) -> "Entry":
        """The same update, after a reset."""
        return self._next(CLAIMED, self.taken_up + 1, self.checkpoint)

    def _next(self, stage: str, taken_up: int, checkpoint: Checkpoint, *report: str) -> "Entry":
        return Entry(self.job_id, self.execution, self.wanted, stage, taken_up, checkpoint, *report)


class Journal:
    """The entry of the update under way, at most one; and the images known to be bad."""

    def __init__(self, first: "Cell", second: "Cell") -> None:
        self._value = DurableValue(MAGIC, first, second)
        self._accounts: "dict[str, tuple[int, ...]]" = {}

    @property
    def accounts(self) -> "dict[str, tuple[int, ...]]":
        """Those of `fota.pace` and `fota.fetched`, which they replace: that survives a reset once something is saved.

        *Raises* StorageFailed.
        """
        if not self._accounts:
            fields = _fields(self._value.load() or b"")
            self._accounts = {name: of_numbers(fields.get(name)) for name in _ACCOUNTS}
        return self._accounts

    def load(self) -> "Entry | None":
        """The entry saved last; None if there is none, or it is unreadable or absurd."""
        return decode(self._value.load() or b"")

    def save(self, entry: Entry) -> None:
        """Replace the entry; survives a reset once this returns. *Raises* StorageFailed."""
        self._value.save(encode(entry, self._names("bad"), self._names("suspects"), self.accounts))

    def take_up(self, job_id: str, execution: int, wanted: Digests) -> "UpdateInProgress":
        """The update of a job: the saved one, taken up once more, or a new one. Nothing is written yet."""
        known = self.load()
        if known is not None and known.is_of(job_id, execution, wanted):
            return UpdateInProgress(self, known.taken_up_again())
        # What an earlier job has downloaded of this image is still in its slot; it is checked when it is read again.
        return UpdateInProgress(self, Entry(job_id, execution, wanted, checkpoint=self._kept(wanted)))

    def clear(self, bad: "Digests | None" = None, cause: str = "crashed") -> None:
        """Forget the update: no report is due any more. *Raises* StorageFailed.

        Remember `bad`, which was rolled back for that cause, as known to be bad if the cause is evidence against it.
        A device that restarts in a trial (`not-confirmed`) may have lost its power: the third time is evidence.
        """
        images, suspects = self._names("bad"), self._names("suspects")
        if bad is not None:
            name = _name(bad)
            if cause == "not-confirmed":
                suspects.append(name)
            if cause in EVIDENCE or suspects.count(name) >= _TIMES_NOT_CONFIRMED:
                images = [image for image in images if image != name] + [name]
                suspects = [suspect for suspect in suspects if suspect != name]
        entry = self.load()
        if bad is not None or entry is not None:
            kept = None if entry is None or entry.stage == INSTALLED else _what_is_kept(entry)
            self._value.save(encode(None, images, suspects, self.accounts, kept))

    def _kept(self, wanted: Digests) -> Checkpoint:
        """How far an update that is forgotten had come with that image: with the time and the bytes of a new one."""
        kept = _fields(self._value.load() or b"").get("kept")
        is_list = isinstance(kept, list) and [type(one) for one in kept] == [str, int, int, str]
        name, offset_bytes, crc32, etag = kept if is_list and kept else ("", 0, 0, "")
        return Checkpoint(offset_bytes, crc32, etag) if name == _name(wanted) else Checkpoint()

    def remember_bad(self, image: Digests) -> None:
        """An image that was confirmed has failed later: it is known to be bad. *Raises* StorageFailed."""
        if not self.knows_bad(image):
            images = self._names("bad") + [_name(image)]
            self._value.save(encode(self.load(), images, self._names("suspects"), self.accounts))

    def knows_bad(self, wanted: Digests) -> bool:
        """Whether this image was rolled back here; the newest eight are remembered."""
        return _name(wanted) in self._names("bad")

    def _names(self, member: str) -> "list[str]":
        images = _fields(self._value.load() or b"").get(member)
        return [name for name in images if type(name) is str] if isinstance(images, list) else []


class UpdateInProgress:
    """The update that is carried out now: its entry; each change of it is saved.

    Meets `fota.install.CheckpointStore` for its download.
    """

    def __init__(self, journal: Journal, entry: Entry) -> None:
        self._journal = journal
        self.entry: "Entry" = entry

    def load(self) -> Checkpoint:
        """See CheckpointStore."""
        return self.entry.checkpoint

    def save(self, checkpoint: Checkpoint) -> None:
        """See CheckpointStore. Cut after this: the download goes on from there."""
        self.entry = self.entry.with_checkpoint(checkpoint)
        self._journal.save(self.entry)

    def start_over(self) -> None:
        """What came so far is of no use, to this job or to another for the same image. To be saved."""
        self.entry = self.entry.with_checkpoint(Checkpoint())

    def save_stage(self, stage: str, reason: str = "", message: str = "") -> None:
        """Save how far the update has come. Survives a reset. *Raises* StorageFailed."""
        self._journal.save(self.entry.at(stage, reason, message))


def encode(
    entry: "Entry | None",
    bad: "list[str] | None" = None,
    suspects: "list[str] | None" = None,
    accounts: "dict[str, tuple[int, ...]] | None" = None,
    kept: "list[object] | None" = None,
) -> bytes:
    """The entry, the images known to be bad, those not confirmed (once for each time) and the accounts, as JSON."""
    fields: "dict[str, object]" = {}
    if entry is not None:
        wanted, checkpoint = entry.wanted, entry.checkpoint
        fields = {
            "job": entry.job_id,
            "execution": entry.execution,
            "stage": entry.stage,
            "taken_up": entry.taken_up,
            "size": wanted.size_bytes,
            "md5": wanted.md5.hex(),
            "sha256": (wanted.sha256 or b"").hex(),
            "proven": [checkpoint.offset_bytes, checkpoint.crc32, checkpoint.received_bytes, checkpoint.spent_ms],
            "etag": checkpoint.etag[:_MAX_ETAG],
            "reason": entry.reason,
            "message": entry.message,
        }
    fields["format"] = _FORMAT
    fields["bad"] = (bad or [])[-_MAX_BAD:]
    # Older code does not know these members, and leaves them out.
    if suspects:
        fields["suspects"] = suspects[-_MAX_BAD:]
    for name, account in (accounts or {}).items():
        if account != NOTHING_YET:
            fields[name] = list(account)
    if kept:
        fields["kept"] = kept
    return json.dumps(fields).encode()


def decode(payload: bytes) -> "Entry | None":
    """The entry that the bytes encode; None if there is none or they make no sense, even with a good CRC."""
    fields = _fields(payload)
    try:
        wanted = Digests(fields["size"], bytes.fromhex(fields["md5"]), bytes.fromhex(fields["sha256"]) or None)
        offset_bytes, crc32, received_bytes, spent_ms = fields["proven"]
        # Each value is checked later, so any of them may have any type here.
        entry = Entry(
            fields["job"],
            fields["execution"],
            wanted,
            fields["stage"],
            fields["taken_up"],
            Checkpoint(offset_bytes, crc32, fields["etag"], received_bytes, spent_ms),
            fields["reason"],
            fields["message"],
        )
    except (ValueError, KeyError, TypeError):
        return None
    return entry if _is_sane(entry) else None


def _fields(payload: bytes) -> "dict[str, Any]":
    try:
        fields = json.loads(payload)
    except (ValueError, RuntimeError):
        # RuntimeError: nested deeper than the interpreter goes.
        return {}
    return fields if isinstance(fields, dict) else {}


def _what_is_kept(entry: Entry) -> "list[object] | None":
    """What the next job for the same image need not download again."""
    checkpoint = entry.checkpoint
    if not checkpoint.offset_bytes:
        return None
    return [_name(entry.wanted), checkpoint.offset_bytes, checkpoint.crc32, checkpoint.etag[:_MAX_ETAG]]


def _name(wanted: Digests) -> str:
    return f"{wanted.size_bytes}-{wanted.md5.hex()}"


def _is_sane(entry: Entry) -> bool:
    wanted, checkpoint = entry.wanted, entry.checkpoint
    for number in (
        entry.execution,
        entry.taken_up,
        wanted.size_bytes,
        checkpoint.offset_bytes,
        checkpoint.crc32,
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
