"""The boot record: the few bytes that survive a reset and say which slot starts, and what is on trial.

Values and their encoding only; `durable` keeps them, `trial` says what they mean.
"""

import struct

from fota.durable import DurableValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from fota.durable import Cell

    class Records(Protocol):
        """Where the boot record is kept: a RecordStore, or what a board has in its place."""

        def load(self) -> "Record | None":
            """See RecordStore."""

        def save(self, record: "Record") -> None:
            """See RecordStore."""

        def save_in_both(self, record: "Record") -> None:
            """See RecordStore."""


MOST_SLOTS = 16

CAUSES = (
    "none",
    "crashed",  # the image's process ended by itself during its trial
    "deadline",  # it was not confirmed within the time allowed, and was stopped
    "not-confirmed",  # its attempts are spent: the device restarted before it was confirmed
    "health-check",  # it started, connected, and its own health check refused
    "image-damaged",  # its slot no longer proved itself when it was to start
)
"""Why a trial was given up; a closed list, stored by position."""

MAGIC = b"FREC"
_FORMAT = 1
_PREFIX = "<BBBBBB"
_PREFIX_BYTES = 6
_NONE = 0xFF


class Record:  # noqa: PLW1641 - what may be compared need not be a key
    """One state of the boot record. Never changed: `trial` makes the next one."""

    def __init__(
        self,
        confirmed_slot: int,
        boot_slot: "int | None" = None,
        trial_slot: "int | None" = None,
        attempts_spent: int = 0,
        cause: str = "none",
    ) -> None:
        self.confirmed_slot = confirmed_slot
        """The slot to fall back on: its image was confirmed."""
        self.boot_slot = confirmed_slot if boot_slot is None else boot_slot
        """The slot that starts at the next reset."""
        self.trial_slot = trial_slot
        """The slot whose image is on trial, or was when it was given up; None when settled."""
        self.attempts_spent = attempts_spent
        """Boots that this trial has cost so far, the present one included."""
        self.cause = cause
        """Why the trial was given up; "none" while it was not."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and encode(self) == encode(other)

    def __repr__(self) -> str:
        return f"Record{struct.unpack(_PREFIX, encode(self))}"


class RecordStore:
    """The record in its two cells."""

    def __init__(self, first: "Cell", second: "Cell") -> None:
        self._value = DurableValue(MAGIC, first, second, decode)

    def load(self) -> "Record | None":
        """The record saved last; None if both copies are unreadable or absurd."""
        return decode(self._value.load() or b"")

    def save(self, record: Record) -> None:
        """Replace the record; survives a reset once this returns. *Raises* StorageFailed."""
        self._value.save(encode(record))

    def save_in_both(self, record: Record) -> None:
        """As `save`, into both copies.

        For a record that makes another slot the spare one: an older copy would name that as the slot to fall
        back on, while something else is written into it. *Raises* StorageFailed.
        """
        self._value.save_in_both(encode(record))


def encode(record: Record) -> bytes:
    """The record as bytes. The prefix keeps its place and meaning in every later format."""
    trial = _NONE if record.trial_slot is None else record.trial_slot
    cause = CAUSES.index(record.cause)
    return struct.pack(
        _PREFIX,
        _FORMAT,
        record.confirmed_slot,
        record.boot_slot,
        trial,
        min(record.attempts_spent, 255),
        cause,
    )


def decode(payload: bytes) -> "Record | None":
    """The record that the bytes stand for; None if they make no sense, whatever their CRC says.

    A later format may be longer: after a rollback, older code reads what newer code wrote.
    """
    if len(payload) < _PREFIX_BYTES:
        return None
    form, confirmed, boot, trial, attempts, cause = struct.unpack(_PREFIX, payload[:_PREFIX_BYTES])
    trial_slot = None if trial == _NONE else trial
    if form < _FORMAT or confirmed >= MOST_SLOTS or cause >= len(CAUSES):
        return None
    if trial_slot is None:
        sane = boot == confirmed
    else:
        sane = trial_slot < MOST_SLOTS and trial_slot != confirmed and boot in (confirmed, trial_slot)
    if not sane:
        return None
    return Record(confirmed, boot_slot=boot, trial_slot=trial_slot, attempts_spent=attempts, cause=CAUSES[cause])
