"""What an update must remember across a reset: whose it is, what image it wants, how far it came.

The journal names the job and its execution, the boot record names the trial; no step is decided from a slot
number alone. Kept in two cells, as the record is.
"""

import json

from fota.durable import DurableValue
from fota.image import Digests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.durable import Cell

CLAIMED = "claimed"
"""The job was taken: the spare slot may be half written."""

INSTALLED = "installed"
"""The spare slot proved to hold the image; what follows is told by the boot record."""

FAILED = "failed"
"""It failed before any trial, and the report of that is owed."""

_STAGES = (CLAIMED, INSTALLED, FAILED)
_MAGIC = b"FJNL"
_FORMAT = 1
_MOST_TEXT = 256
"""Characters of a message. JSON takes up to 12 bytes for one, and an entry must fit into a cell."""


class Entry:
    """One update. Never changed: `at` makes the next one."""

    def __init__(
        self,
        job_id: str,
        execution: int,
        wanted: Digests,
        *,
        stage: str = CLAIMED,
        reason: str = "",
        message: str = "",
    ) -> None:
        self.job_id = job_id
        self.execution = execution
        """The execution number of the job, opaque: a retry of the same job has another."""
        self.wanted = wanted
        """What the image of the job is."""
        self.stage = stage
        self.reason = reason
        """With FAILED: the word to report."""
        self.message = message
        """With FAILED: the sentence to report."""

    def at(self, stage: str, reason: str = "", message: str = "") -> "Entry":
        """The same update, at another stage."""
        return Entry(
            self.job_id, self.execution, self.wanted, stage=stage, reason=reason, message=message[:_MOST_TEXT]
        )


class Journal:
    """The entry of the update under way; at most one."""

    def __init__(self, first: "Cell", second: "Cell") -> None:
        self._value = DurableValue(_MAGIC, first, second)

    def load(self) -> "Entry | None":
        """The entry saved last; None if there is none, or it is unreadable or absurd."""
        payload = self._value.load()
        return decode(payload) if payload else None

    def save(self, entry: Entry) -> None:
        """Replace the entry; survives a reset once this returns. *Raises* StorageFailed."""
        self._value.save(encode(entry))

    def clear(self) -> None:
        """No update is under way and no report is owed. *Raises* StorageFailed."""
        if self._value.load():
            self._value.save(b"")


def encode(entry: Entry) -> bytes:
    """The entry as JSON."""
    sha256 = entry.wanted.sha256
    return json.dumps(
        {
            "format": _FORMAT,
            "job": entry.job_id,
            "execution": entry.execution,
            "stage": entry.stage,
            "size": entry.wanted.size_bytes,
            "md5": entry.wanted.md5.hex(),
            "sha256": "" if sha256 is None else sha256.hex(),
            "reason": entry.reason,
            "message": entry.message,
        }
    ).encode()


def decode(payload: bytes) -> "Entry | None":
    """The entry that the bytes stand for; None if they make no sense, whatever their CRC says."""
    try:
        fields = json.loads(payload)
        sha256 = bytes.fromhex(fields["sha256"])
        wanted = Digests(fields["size"], bytes.fromhex(fields["md5"]), sha256 or None)
        entry = Entry(
            fields["job"],
            fields["execution"],
            wanted,
            stage=fields["stage"],
            reason=fields["reason"],
            message=fields["message"],
        )
    except (ValueError, KeyError, TypeError, RuntimeError):
        # RuntimeError: nested deeper than the interpreter goes.
        return None
    return entry if _is_sane(entry) else None


def _is_sane(entry: Entry) -> bool:
    numbers = (entry.execution, entry.wanted.size_bytes)
    texts = (entry.job_id, entry.stage, entry.reason, entry.message)
    return (
        all(type(number) is int and number >= 0 for number in numbers)
        and all(type(text) is str for text in texts)
        and entry.stage in _STAGES
        and 0 < len(entry.job_id) <= 64
        and len(entry.wanted.md5) == 16
        and (entry.wanted.sha256 is None or len(entry.wanted.sha256) == 32)
    )
