"""What an update must remember across a reset: whose it is, which image it wants, how far it came.

Remembered too are the images that were tried and rolled back, and how the last update failed.

The journal names the job and its execution, the boot record names the trial; no step is decided from a slot
number alone. Kept in two cells, as the record is.
"""

import json

from fota.durable import DurableValue
from fota.journal_entry import CLAIMED, FAILED, INSTALLED, MAX_ETAG, Entry, entry_of
from fota.pace import NOTHING_YET, of_numbers
from fota.record import EVIDENCE
from fota.transfer.checkpoint import Checkpoint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fota.digests import Digests
    from fota.durable import Cell
    from fota.journal_entry import PatchTaken

__all__ = ("CLAIMED", "FAILED", "INSTALLED", "Entry", "Journal", "UpdateInProgress")

MAGIC = b"FJNL"
_FORMAT = 1
_MAX_BAD = 8
"""The number of images that were rolled back and are remembered, the newest ones."""

_TIMES_NOT_CONFIRMED = 3
"""A device that restarted in this number of trials of the same image is evidence against the image."""

_ACCOUNTS = ("pace", "fetched")


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
            fields = self._fields()
            self._accounts = {name: of_numbers(fields.get(name)) for name in _ACCOUNTS}
        return self._accounts

    def load(self) -> "Entry | None":
        """The entry saved last; None if there is none, or it is unreadable or absurd."""
        return decode(self._value.load() or b"")

    def save(self, entry: Entry, failure: "dict[str, str] | None" = None) -> None:
        """Replace the entry; survives a reset once this returns. *Raises* StorageFailed.

        `failure`: how the update failed, for `last_failure`; None leaves that as it is.
        """
        self._save(entry, self._names("bad"), self._names("suspects"), failure)

    def last_failure(self) -> "dict[str, str]":
        """How the last update failed: short texts by their names; empty if none did since the last success."""
        found = self._fields().get("failure")
        return {name: found[name] for name in found if type(found[name]) is str} if isinstance(found, dict) else {}

    def take_up(self, job_id: str, execution: int, wanted: "Digests") -> "UpdateInProgress":
        """The update of a job: the saved one, taken up once more, or a new one. Nothing is written yet."""
        known = self.load()
        if known is not None and known.is_of(job_id, execution, wanted):
            return UpdateInProgress(self, known.taken_up_again())
        # What an earlier job has downloaded of this image is still in its slot; it is checked when it is read again.
        return UpdateInProgress(self, Entry(job_id, execution, wanted, checkpoint=self._kept(wanted)))

    def clear(
        self, bad: "Digests | None" = None, cause: str = "crashed", failure: "dict[str, str] | None" = None
    ) -> None:
        """Forget the update: no report is due any more. `failure` as in `save`. *Raises* StorageFailed.

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
            self._save(None, images, suspects, failure, kept)

    def _kept(self, wanted: "Digests") -> Checkpoint:
        """How far an update that is forgotten had come with that image: with the time and the bytes of a new one."""
        kept = self._fields().get("kept")
        is_list = isinstance(kept, list) and [type(one) for one in kept] == [str, int, int, str]
        name, offset_bytes, check32, etag = kept if is_list and kept else ("", 0, 0, "")
        return Checkpoint(offset_bytes, check32, etag) if name == _name(wanted) else Checkpoint()

    def remember_bad(self, image: "Digests | None", failure: "dict[str, str] | None" = None) -> None:
        """An image that was confirmed has failed later, for `failure`; it is known to be bad, unless it is None.

        *Raises* StorageFailed.
        """
        images = [] if image is None or self.knows_bad(image) else [_name(image)]
        if images or failure not in (None, self.last_failure()):
            self._save(self.load(), self._names("bad") + images, self._names("suspects"), failure)

    def knows_bad(self, wanted: "Digests") -> bool:
        """Whether this image was rolled back here; the newest eight are remembered."""
        return _name(wanted) in self._names("bad")

    def _names(self, member: str) -> "list[str]":
        images = self._fields().get(member)
        return [name for name in images if type(name) is str] if isinstance(images, list) else []

    def _fields(self) -> "dict[str, Any]":
        return _fields(self._value.load() or b"")

    def _save(
        self,
        entry: "Entry | None",
        bad: "list[str]",
        suspects: "list[str]",
        failure: "dict[str, str] | None",
        kept: "list[object] | None" = None,
    ) -> None:
        failure = self.last_failure() if failure is None else failure
        self._value.save(encode(entry, bad, suspects, self.accounts, kept=kept, failure=failure))


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

    def choose(self, way: "dict[str, str]", patch: "PatchTaken | None") -> None:
        """The image comes in that way. To be saved."""
        self.entry = self.entry.by_way(way, patch)

    def save_patch(self, patch: "PatchTaken") -> None:
        """Save how far the patch has come. Cut after this: its download goes on from there."""
        self.choose(self.entry.way, patch)
        self._journal.save(self.entry)

    def start_over(self) -> None:
        """What came so far is of no use, to this job or to another for the same image. To be saved."""
        self.entry = self.entry.with_checkpoint(Checkpoint())

    def save_stage(
        self, stage: str, reason: str = "", message: str = "", failure: "dict[str, str] | None" = None
    ) -> None:
        """Save how far the update has come; `failure` as in `Journal`. Survives a reset. *Raises* StorageFailed."""
        self._journal.save(self.entry.at(stage, reason, message), failure)


def encode(
    entry: "Entry | None",
    bad: "list[str] | None" = None,
    suspects: "list[str] | None" = None,
    accounts: "dict[str, tuple[int, ...]] | None" = None,
    **others: "object",
) -> bytes:
    """The entry, the images known to be bad, those not confirmed (once for each time) and the accounts, as JSON.

    `others`: what is kept of a download, and how the last update failed.
    """
    fields: "dict[str, object]" = {} if entry is None else entry.fields()
    fields["format"] = _FORMAT
    fields["bad"] = (bad or [])[-_MAX_BAD:]
    # Older code does not know these members, and leaves them out.
    if suspects:
        fields["suspects"] = suspects[-_MAX_BAD:]
    for name, account in (accounts or {}).items():
        if account != NOTHING_YET:
            fields[name] = list(account)
    for name, value in others.items():
        if value:
            fields[name] = value
    return json.dumps(fields).encode()


def decode(payload: bytes) -> "Entry | None":
    """The entry that the bytes encode; None if there is none or they make no sense, even with a good CRC."""
    return entry_of(_fields(payload))


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
    return [_name(entry.wanted), checkpoint.offset_bytes, checkpoint.check32, checkpoint.etag[:MAX_ETAG]]


def _name(wanted: "Digests") -> str:
    return f"{wanted.size_bytes}-{wanted.md5.hex()}"
