"""The floor: what this device will not go back behind. Kept in two cells; the decisions are pure.

Two numbers. The mark is the manifest number of the newest release that was confirmed here: an older manifest is
refused, so that nobody can replay one; its maker can still offer an older image, with a new manifest. The floor
itself is a security version, below which nothing is accepted whoever signs it. It rises to that of the running
image only after PROBATION_BOOTS healthy boots, and so never above what a slot that boots can meet.
"""

import json

from fota.durable import DurableValue
from fota.manifest import MOST_NUMBER, MOST_SECVER, is_hexadecimal, is_whole
from fota.trust_errors import BelowFloor, OlderRelease

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.durable import Cell
    from fota.manifest import Manifest

PROBATION_BOOTS = 3
"""Healthy boots of a confirmed image, that of its confirm included, before its security version is demanded."""

MAGIC = b"FLOR"
_FORMAT = 1


class Floor:
    """What was reached. Never changed: `after_healthy_boot` makes the next one."""

    def __init__(self, seq: int = 0, sha256: str = "", secver: int = 0, boots: int = 0) -> None:
        self.seq = seq
        """The mark."""
        self.sha256 = sha256
        """Of the image whose manifest has that number."""
        self.secver = secver
        self.boots = boots
        """Healthy boots of that image so far, while its security version is above `secver`."""

    def require(self, manifest: "Manifest") -> None:
        """*Raises* OlderRelease, BelowFloor for a release that this device will not go back to."""
        if manifest.seq < self.seq:
            raise OlderRelease(f"seq: expected {self.seq} or above, got {manifest.seq}")
        if manifest.seq == self.seq and manifest.sha256 != self.sha256:
            raise OlderRelease(f"seq: {manifest.seq} was that of another image here")
        if manifest.secver < self.secver:
            raise BelowFloor(f"secver: expected {self.secver} or above, got {manifest.secver}")

    def after_healthy_boot(self, manifest: "Manifest") -> "Floor":
        """The floor after one boot in which the confirmed image, which has that manifest, was well."""
        if manifest.seq < self.seq:
            return self
        is_the_same = manifest.seq == self.seq and manifest.sha256 == self.sha256
        boots = (self.boots if is_the_same else 0) + 1
        secver = self.secver
        if manifest.secver <= secver:
            boots = 0
        elif boots >= PROBATION_BOOTS:
            secver, boots = manifest.secver, 0
        return Floor(manifest.seq, manifest.sha256, secver, boots)

    def is_as(self, other: "Floor") -> bool:
        """Whether both say the same."""
        return encode(self) == encode(other)


class FloorStore:
    """The floor in its two cells."""

    def __init__(self, first: "Cell", second: "Cell") -> None:
        self._value = DurableValue(MAGIC, first, second, decode)

    def load(self) -> Floor:
        """The floor; nothing reached, if none was saved or both copies are damaged."""
        return decode(self._value.load() or b"") or Floor()

    def save(self, floor: Floor) -> None:
        """Replace the floor; survives a reset once this returns. *Raises* StorageFailed."""
        self._value.save(encode(floor))


def encode(floor: Floor) -> bytes:
    """The floor as bytes."""
    return json.dumps([_FORMAT, floor.seq, floor.sha256, floor.secver, floor.boots]).encode()


def decode(content: bytes) -> "Floor | None":
    """The floor that the bytes stand for; None if they make no sense, whatever their CRC says.

    A later format may be longer: after a rollback, older code reads what newer code wrote.
    """
    try:
        found = json.loads(content)
        form, seq, sha256, secver, boots = found[:5] if isinstance(found, list) else []
    except (ValueError, TypeError, RuntimeError):
        return None
    sane = (
        is_whole(form, _FORMAT, MOST_NUMBER)
        and is_whole(seq, 0, MOST_NUMBER)
        and (sha256 == "" or is_hexadecimal(sha256, 64))
        and is_whole(secver, 0, MOST_SECVER)
        and is_whole(boots, 0, PROBATION_BOOTS)
    )
    return Floor(seq, sha256, secver, boots) if sane else None
