"""The lab with everything that signed releases need on one power supply, and devices as the vectors describe them.

bench.reboot()        the device starts anew; what it knew only in memory is gone
bench.cells           every place where it remembers something, by name
bench.done()          what was erased and written so far, anywhere
"""

from __future__ import annotations

from typing import Any

import vector_parts as parts

from fota.digests import Hasher
from fota.trust import keyring as keyrings
from fota.trust.floor import Floor, FloorStore
from fota.trust.keyring import Keyring, KeyringStore
from fota.trust.manifest import Manifest
from fota.trust.releases import Releases
from fota_testing.flash.cells import MemoryCell
from fota_testing.releases import IMAGE_KINDS
from tests.labs.device_lab import JOB, DeviceLab, PoweredCell

DAMAGED = "damaged"

SECOND = parts.keyring("second", version=2)
THIRD = parts.keyring("third", version=3)
"""The keyrings that come after the first one."""
BOTH = ("first", "second")

Signers = tuple[str, ...]


class TrustLab(DeviceLab):
    """See the module. `keyring`: as JSON has it, a Keyring, None for a device that has none, or DAMAGED."""

    def __init__(
        self, keyring: Any = None, *, floor: Floor | None = None, slots: int = 2, capacity_bytes: int = 10_000
    ) -> None:
        self._given = read_keyring(keyring) if isinstance(keyring, dict) else keyring
        self._floor = floor
        self.cells: dict[str, PoweredCell | MemoryCell] = {}
        super().__init__(slots=slots, capacity_bytes=capacity_bytes)
        self.power.writes = 0

    def done(self) -> list[int]:
        """Slots begun anew, bytes given to slots, writes of cells: all since the device was made."""
        return [self.erases, sum(self.slots.written_bytes), self.power.writes]

    @property
    def floor(self) -> Floor:
        """As storage has it."""
        return self.releases.floor()

    @property
    def keyring(self) -> Keyring | None:
        """As storage has it. *Raises* BadKeyring."""
        return self.releases.keyrings.load()

    def install(
        self, content: str, job: str = JOB, *, signers: tuple[str, ...] = ("first",), **fields: object
    ) -> str:
        """One whole update to a signed release, from the job to the confirmed image; how its job ended."""
        self.offer(content, job, signers=signers, **fields)
        self.wake()
        self.wake()
        return self.status(job)

    def offer(self, content: str, job: str = JOB, *, signers: Signers = ("first",), **fields: object) -> None:
        """An operator offers a signed release."""
        self.publish_vector(parts.signed_document(content, signers=signers, **fields), job, content)

    def send_keyring(self, ring: dict[str, object], job: str, signers: Signers) -> str:
        """An operator sends a keyring, and the device looks at its jobs; how the job ended."""
        self.publish_document(parts.keyring_document(ring, signers), job)
        self.wake()
        return self.status(job)

    def publish_vector(self, document: object, job: str = JOB, image: str = "") -> None:
        """Offer a job document as it is; its image lies on the server."""
        if image and isinstance(document, dict):
            self.server.put(str(document["bc_url"]), image.encode())
        self.publish_document(document, job)

    def make_releases(self) -> Releases:
        """What this boot knows of releases: nothing but what its cells hold."""
        pair = self._pair
        return Releases(
            self.slots,
            KeyringStore(*pair("keyring")),
            FloorStore(*pair("floor")),
            lambda slot: pair(f"slot-{slot}.release"),
            image_kinds=IMAGE_KINDS,
        )

    def damage(self, name: str, *copies: int) -> None:
        """The copies of a value, both unless told, hold nothing that makes sense."""
        for copy in copies or (0, 1):
            cell = self.cells[f"{name}-{copy}"]
            cell._content[:] = b"\xa5" * cell.size_bytes

    def _pair(self, name: str) -> tuple[Any, Any]:
        # A cell that is not there is None here: of a name that nobody provisioned nothing may be asked.
        first, second = (self.cells.get(f"{name}-{copy}") for copy in (0, 1))
        return first, second

    def _start(self, slot: int) -> None:
        if not self.cells:
            self._provision()
        self.releases = self.make_releases()
        super()._start(slot)

    def _provision(self) -> None:
        names = ["floor", *(f"slot-{slot}.release" for slot in range(self.slots.count))]
        if self._given is not None:
            names.append("keyring")
        self.cells = {f"{name}-{copy}": PoweredCell(self.power) for name in names for copy in (0, 1)}
        # A cell without room is one that was never made.
        self.cells = {"keyring-0": MemoryCell(0), "keyring-1": MemoryCell(0), **self.cells}
        releases = self.make_releases()
        if isinstance(self._given, Keyring):
            releases.keyrings.save(self._given)
        if self._given == DAMAGED:
            self.damage("keyring")
        if self._floor is not None:
            releases.floors.save(self._floor)


def read_keyring(fields: dict[str, object]) -> Keyring:
    """The keyring that JSON stands for."""
    return keyrings.parse(parts.encoded(fields))


def of_vector(device: dict[str, Any]) -> TrustLab:
    """The device that a vector describes."""
    bench = TrustLab(
        device["keyring"],
        floor=Floor(**device["floor"]),
        slots=device["slots"],
        capacity_bytes=device["capacity_bytes"],
    )
    assert bench.slots.content(0).decode() == device["running"]
    if device["now_s"] is not None:
        assert abs(bench.service._now_s() - device["now_s"]) < 100
    if device["known_bad"]:
        bench.journal.clear(bad=digests_of(parts.IMAGE))
    bench.power.writes = 0
    return bench


def digests_of(content: str) -> Any:
    """Size, MD5 and SHA-256 of an image."""
    hasher = Hasher()
    hasher.update(memoryview(content.encode()))
    return hasher.digests()


def kept_release(bench: TrustLab, slot: int) -> Manifest | None:
    """The release that is kept beside a slot, as the device reads it."""
    return bench.releases.running(slot)


def refusal(bench: TrustLab, job: str) -> tuple[str, str]:
    """How the job ended, at the next look, and why."""
    bench.wake()
    return bench.status(job), bench.reason(job)


def version(bench: TrustLab) -> int:
    """That of the keyring which the device has."""
    ring = bench.keyring
    assert ring is not None
    return ring.version
