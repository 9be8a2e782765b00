"""The boot record: the few bytes that survive a reset and say which slot starts, and what is on trial.

This file has the values and their encoding only; `durable` keeps them, `trial` says what they mean.
"""

import struct

from fota.durable import DurableValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from fota.durable import Cell

    class Records(Protocol):
        """The place that keeps the boot record: a RecordStore, or what a board has instead."""

        def load(self) -> "Record | None":
            """See RecordStore."""

        def save(self, record: "Record") -> None:
            """See RecordStore."""

        def save_in_both(self, record: "Record") -> None:
            """See RecordStore."""


MAX_SLOTS = 16

CAUSES = (
    "none",
    "crashed",  # the image ended by itself during its trial, and not because of the network
    "deadline",  # as `hung`, or `offline`: versions before this one did not tell them apart
    "not-confirmed",  # its attempts are spent: the device restarted before it was confirmed
    "health-check",  # it started, connected, and its own health check refused
    "image-damaged",  # its slot could not be verified any more when it was due to start
    "offline",  # the time for its trial passed, and it could not reach the cloud although it tried
    "hung",  # it broke its promise of a heartbeat, or was not confirmed in time, without trouble with the network
    "not-started",  # the time for its trial passed, and the system could not make a process for it
    "wrong-runtime",  # the Python or the fota-boot of the device was replaced, and the image does not fit the new one
)
"""Why a trial was given up; a closed list, stored by position: only appended to."""

EVIDENCE = ("crashed", "deadline", "health-check", "hung")
"""The causes that speak against the image, which is known to be bad then. The other ones blame the device's world."""

UNSTARTED = ("image-damaged", "wrong-runtime")
"""The causes of an image that could not start: how an image ended last is known of another one."""

MAGIC = b"FREC"
_FORMAT = 1
_PREFIX = "<BBBBBB"
_PREFIX_BYTES = 6
_NONE = 0xFF
_PROBATION_FORMAT = 2
"""This format, and later ones, have the probation behind the prefix."""
_PROBATION = "<BBB"
_PROBATION_BYTES = 3


class Record:  # noqa: PLW1641 - what may be compared need not be a key
    """One state of the boot record. A record is never changed: `trial` makes the next one."""

    def __init__(
        self,
        confirmed_slot: int,
        boot_slot: "int | None" = None,
        trial_slot: "int | None" = None,
        attempts_spent: int = 0,
        cause: str = "none",
        fallback_slot: "int | None" = None,
        healthy_boots: int = 0,
        crashes: int = 0,
    ) -> None:
        self.confirmed_slot = confirmed_slot
        """The slot to fall back on: its image was confirmed."""
        self.boot_slot: "int" = confirmed_slot if boot_slot is None else boot_slot
        """The slot that starts at the next reset."""
        self.trial_slot = trial_slot
        """The slot whose image is on trial, or whose trial was given up; None when the trial is settled."""
        self.attempts_spent = attempts_spent
        """How many boots this trial has used so far, the present one included."""
        self.cause = cause
        """Why the trial was given up; "none" while it was not."""
        self.fallback_slot = fallback_slot
        """The slot that the confirmed image can still go back to, in its probation; None after that."""
        self.healthy_boots = healthy_boots
        """Healthy boots of the confirmed image, in its probation; of the image that was given up, when it had any."""
        self.crashes = crashes
        """How often the confirmed image crashed since its last healthy boot, in its probation."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and encode(self) == encode(other)

    def __repr__(self) -> str:
        return f"Record{tuple(encode(self))}"


class RecordStore:
    """The record in its two cells; `is_sure` as in `fota.durable.DurableValue`."""

    def __init__(self, first: "Cell", second: "Cell", *, is_sure: bool = True) -> None:
        self._value = DurableValue(MAGIC, first, second, decode, is_sure=is_sure)

    def load(self) -> "Record | None":
        """The record saved last; None if both copies are unreadable or absurd."""
        return decode(self._value.load() or b"")

    def save(self, record: Record) -> None:
        """Replace the record; survives a reset once this returns. *Raises* StorageFailed."""
        self._value.save(encode(record))

    def save_in_both(self, record: Record) -> None:
        """Save into both copies.

        For a record that makes another slot the spare one: an older copy would name that as the slot to fall
        back on, while something else is written into it. *Raises* StorageFailed.
        """
        self._value.save_in_both(encode(record))


def encode(record: Record) -> bytes:
    """The record as bytes. The prefix keeps its place and meaning in every later format."""
    trial = _NONE if record.trial_slot is None else record.trial_slot
    cause = CAUSES.index(record.cause)
    probation = b""
    if record.healthy_boots:
        fallback = _NONE if record.fallback_slot is None else record.fallback_slot
        probation = struct.pack(_PROBATION, fallback, record.healthy_boots, min(record.crashes, 255))
    prefix = struct.pack(
        _PREFIX,
        _PROBATION_FORMAT if probation else _FORMAT,
        record.confirmed_slot,
        record.boot_slot,
        trial,
        min(record.attempts_spent, 255),
        cause,
    )
    return prefix + probation


def decode(payload: bytes) -> "Record | None":
    """The record that the bytes encode; None if they make no sense, even with a good CRC.

    A later format may be longer: after a rollback, older code reads what newer code wrote.
    """
    if len(payload) < _PREFIX_BYTES:
        return None
    form, confirmed, boot, trial, attempts, cause = struct.unpack(_PREFIX, payload[:_PREFIX_BYTES])
    trial_slot = None if trial == _NONE else trial
    if form < _FORMAT or confirmed >= MAX_SLOTS or cause >= len(CAUSES):
        return None
    if trial_slot is None:
        sane = boot == confirmed
    else:
        sane = trial_slot < MAX_SLOTS and trial_slot != confirmed and boot in (confirmed, trial_slot)
    if not sane:
        return None
    fallback_slot, healthy_boots, crashes = _probation(payload[_PREFIX_BYTES:]) if form > _FORMAT else (None, 0, 0)
    if fallback_slot is not None and (trial_slot is not None or fallback_slot == confirmed):
        # The probation makes no sense; the prefix alone counts.
        fallback_slot, healthy_boots, crashes = None, 0, 0
    return Record(
        confirmed,
        boot_slot=boot,
        trial_slot=trial_slot,
        attempts_spent=attempts,
        cause=CAUSES[cause],
        fallback_slot=fallback_slot,
        healthy_boots=healthy_boots,
        crashes=crashes,
    )


def _probation(tail: bytes) -> "tuple[int | None, int, int]":
    """Fallback slot, healthy boots and crashes; None and zeros if there is no probation, or it makes no sense."""
    if len(tail) < _PROBATION_BYTES:
        return None, 0, 0
    fallback, healthy_boots, crashes = struct.unpack(_PROBATION, tail[:_PROBATION_BYTES])
    if not healthy_boots or (fallback != _NONE and fallback >= MAX_SLOTS):
        return None, 0, 0
    return None if fallback == _NONE else fallback, healthy_boots, crashes
