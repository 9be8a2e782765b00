"""A device whose every write is counted: to its slots, and to each copy of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fota.boards import Board
from fota.device import Device
from fota.digests import Digests
from fota.errors import BadHttpStatus
from fota.journal import Journal
from fota.record import Record, RecordStore
from fota.trust.floor import FloorStore
from fota.trust.keyring import KeyringStore
from fota.trust.releases import Releases
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell
from fota_testing.memory_slots import MemorySlots
from sweeps.fuzz import stage

if TYPE_CHECKING:
    from fota_testing.memory_slots import MemoryWriter

_BUFFER_BYTES = 256
_SEAL_BYTES = 52


class Restarted(BaseException):
    """The device restarts: nothing of the program runs on."""


class Meter:
    """Counts bytes that reach storage. An erase counts as all the bytes that it takes away."""

    def __init__(self) -> None:
        self.written_bytes = 0


class Bench:
    """One device, provisioned; everything written from then on is counted by `meter`."""

    def __init__(self, kind: str) -> None:
        self.clock = FakeClock()
        self.meter = Meter()
        self._slots = _MeteredSlots(self.meter)
        self._slots.put(0, stage.FACTORY.content)
        records, journal = RecordStore(*self._cells()), Journal(*self._cells())
        records.save(Record(0))
        journal.clear(bad=_digests(stage.BAD))
        self.device = Device(
            Board(self._slots, records, journal, self._releases(kind)),
            running_slot=0,
            client=_Server(),
            clock=self.clock,
            restart=_restart,
            buffer_bytes=_BUFFER_BYTES,
        )
        self.meter.written_bytes = 0

    def _releases(self, kind: str) -> Releases:
        keyring = stage.KEYRINGS[kind]
        # A cell without room is one that was never made.
        keyrings = KeyringStore(*(self._cells() if keyring else self._cells(0)))
        if keyring is not None:
            keyrings.save(keyring)
        floors = FloorStore(*self._cells())
        floors.save(stage.reached())
        beside = [self._cells() for _ in range(stage.SLOTS)]
        return Releases(self._slots, keyrings, floors, beside.__getitem__, image_kinds=stage.IMAGE_KINDS)

    def _cells(self, size_bytes: int = 4096) -> tuple[MemoryCell, MemoryCell]:
        return _MeteredCell(self.meter, size_bytes), _MeteredCell(self.meter, size_bytes)


class _MeteredCell(MemoryCell):
    def __init__(self, meter: Meter, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self._meter = meter

    def write(self, content: bytes) -> None:
        self._meter.written_bytes += max(len(content), 1)
        super().write(content)


class _MeteredSlots(MemorySlots):
    def __init__(self, meter: Meter) -> None:
        super().__init__(stage.SLOTS, stage.CAPACITY_BYTES)
        self._meter = meter

    def resume(self, slot: int, size_bytes: int, offset_bytes: int) -> MemoryWriter:
        # Beginning to write breaks the seal, whether or not a byte follows.
        self._meter.written_bytes += stage.CAPACITY_BYTES - offset_bytes
        return super().resume(slot, size_bytes, offset_bytes)

    def seal(self, slot: int, digests: Digests) -> None:
        self._meter.written_bytes += _SEAL_BYTES
        super().seal(slot, digests)


class _Server:
    """Serves each image under its SHA-256; whatever else a document names is not there."""

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> _Answer:  # noqa: ARG002 - the protocol's
        for image in stage.IMAGES:
            if f"/{image.sha256}?" in url:
                return _Answer(image.content)
        raise BadHttpStatus("404", status=404)


class _Answer:
    """See `fota.transfer.http.Answer`."""

    def __init__(self, content: bytes) -> None:
        self.status = 200
        self.etag: str | None = None
        self.length_bytes: int | None = len(content)
        self.content_range: str | None = None
        self._left = content

    def readinto(self, buffer: memoryview) -> int:
        """The next bytes."""
        chunk, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Nothing to end."""


def _digests(image: stage.Image) -> Digests:
    return Digests(image.size_bytes, bytes.fromhex(image.md5), bytes.fromhex(image.sha256))


def _restart() -> None:
    raise Restarted
