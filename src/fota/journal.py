"""What an update must remember across a reset: whose it is, what image it wants, how far it came; which images
were tried and rolled back.

The journal names the job and its execution, the boot record names the trial; no step is decided from a slot
number alone. Kept in two cells, as the record is.
"""

import json

from fota.durable import DurableValue
from fota.image import Digests
from fota.proven import Proven

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fota.durable import Cell

CLAIMED = "claimed"
"""The job was taken: the spare slot may be half written."""

INSTALLED = "installed"
"""The spare slot proved to hold the image; what follows is told by the boot record."""

FAILED = "failed"
"""It failed before any trial, and the report of that is owed."""

MAGIC = b"FJNL"
_FORMAT = 1
_MOST_BAD = 8
"""So many images that were rolled back are remembered, the newest."""

_MOST_ETAG = 128
_MOST_TEXT = 200
"""Characters of a message. JSON takes up to 12 bytes for one, and an entry must fit into a cell."""


class Entry:
    """One update. Never changed: `at` and `with_proven` make the next one."""

    def __init__(
        self,
        job_id: str,
        execution: int,
        wanted: Digests,
        stage: str = CLAIMED,
        taken_up: int = 1,
        proven: "Proven | None" = None,
        reason: str = "",
        message: str = "",
    ) -> None:
        self.job_id = job_id
        self.execution = execution
        """The execution number of the job, opaque: a retry of the same job has another."""
        self.wanted = wanted
        """What the image of the job is."""
        self.stage = stage
        self.taken_up = taken_up
        """How often this execution was taken up: once, and again after every reset before it was installed."""
        self.proven = proven or Proven()
        """With CLAIMED: how far the download is proven on storage."""
        self.reason = reason
        """With FAILED: the word to report."""
        self.message = message
        """With FAILED: the sentence to report."""

    def is_of(self, job_id: str, execution: int, wanted: Digests) -> bool:
        """Whether it is about this execution, and its job still wants the same image."""
        return (self.job_id, self.execution) == (job_id, execution) and self.wanted.matches(wanted)

    def at(self, stage: str, reason: str = "", message: str = "") -> "Entry":
        """The same update, at another stage."""
        return Entry(
            self.job_id,
            self.execution,
            self.wanted,
            stage,
            self.taken_up,
            self.proven,
            reason,
            message[:_MOST_TEXT],
        )

    def with_proven(self, proven: Proven) -> "Entry":
        """The same update, its download so much further."""
        return Entry(self.job_id, self.execution, self.wanted, self.stage, self.taken_up, proven)

    def taken_up_again(self) -> "Entry":
        """The same update, after a reset."""
        return Entry(self.job_id, self.execution, self.wanted, CLAIMED, self.taken_up + 1, self.proven)


class Journal:
    """The entry of the update under way, at most one; and the images known to be bad."""

    def __init__(self, first: "Cell", second: "Cell") -> None:
        self._value = DurableValue(MAGIC, first, second)

    def load(self) -> "Entry | None":
        """The entry saved last; None if there is none, or it is unreadable or absurd."""
        return decode(self._value.load() or b"")

    def save(self, entry: Entry) -> None:
        """Replace the entry; survives a reset once this returns. *Raises* StorageFailed."""
        self._value.save(encode(entry, self._bad()))

    def clear(self, bad: "Digests | None" = None) -> None:
        """No update is under way and no report is owed; `bad` was rolled back. *Raises* StorageFailed."""
        images = self._bad()
        if bad is not None:
            name = _name(bad)
            if name in images:
                images.remove(name)
            images.append(name)
        if bad is not None or self.load() is not None:
            self._value.save(encode(None, images))

    def knows_bad(self, wanted: Digests) -> bool:
        """Whether this image was rolled back here; the newest eight are remembered."""
        return _name(wanted) in self._bad()

    def _bad(self) -> "list[str]":
        images = _fields(self._value.load() or b"").get("bad")
        return [name for name in images if type(name) is str] if isinstance(images, list) else []


def encode(entry: "Entry | None", bad: "list[str] | None" = None) -> bytes:
    """The entry and the images known to be bad, as JSON."""
    fields: "dict[str, object]" = {}
    if entry is not None:
        wanted, proven = entry.wanted, entry.proven
        fields = {
            "job": entry.job_id,
            "execution": entry.execution,
            "stage": entry.stage,
            "taken_up": entry.taken_up,
            "size": wanted.size_bytes,
            "md5": wanted.md5.hex(),
            "sha256": (wanted.sha256 or b"").hex(),
            "proven": [proven.offset_bytes, proven.crc32, proven.received_bytes, proven.spent_ms],
            "etag": proven.etag[:_MOST_ETAG],
            "reason": entry.reason,
            "message": entry.message,
        }
    fields["format"] = _FORMAT
    fields["bad"] = (bad or [])[-_MOST_BAD:]
    return json.dumps(fields).encode()


def decode(payload: bytes) -> "Entry | None":
    """The entry that the bytes stand for; None if there is none or they make no sense, whatever their CRC says."""
    fields = _fields(payload)
    try:
        wanted = Digests(fields["size"], bytes.fromhex(fields["md5"]), bytes.fromhex(fields["sha256"]) or None)
        offset_bytes, crc32, received_bytes, spent_ms = fields["proven"]
        # Each is checked afterwards, so any may be of any type.
        entry = Entry(
            fields["job"],
            fields["execution"],
            wanted,
            fields["stage"],
            fields["taken_up"],
            Proven(offset_bytes, crc32, fields["etag"], received_bytes, spent_ms),
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


def _name(wanted: Digests) -> str:
    return f"{wanted.size_bytes}-{wanted.md5.hex()}"


def _is_sane(entry: Entry) -> bool:
    wanted, proven = entry.wanted, entry.proven
    for number in (
        entry.execution,
        entry.taken_up,
        wanted.size_bytes,
        proven.offset_bytes,
        proven.crc32,
        proven.received_bytes,
        proven.spent_ms,
    ):
        if type(number) is not int or number < 0:
            return False
    for text in (entry.job_id, entry.reason, entry.message, proven.etag):
        if type(text) is not str:
            return False
    return (
        entry.stage in (CLAIMED, INSTALLED, FAILED)
        and 0 < len(entry.job_id) <= 64
        and len(wanted.md5) == 16
        and (wanted.sha256 is None or len(wanted.sha256) == 32)
    )
