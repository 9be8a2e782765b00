"""The floor: the oldest release that this device still accepts. Kept in two cells; the decisions are pure.

It has two numbers. The mark is the manifest number of the newest release that was confirmed here: an older manifest
is refused, so that nobody can replay one; its maker can still offer an older image, with a new manifest. The floor
itself is a security version, below which nothing is accepted, even if it is signed. It rises to that of the
running image only after PROBATION_BOOTS healthy boots, so that one slot that boots always meets it.
Neither number falls, except that a keyring voids numbers that were signed by mistake.
"""

import json

from fota import trial
from fota.durable import DurableValue
from fota.fields import is_hexadecimal, is_whole
from fota.trust.errors import BelowFloor, OlderRelease
from fota.trust.manifest import MAX_NUMBER, MAX_SECVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.durable import Cell
    from fota.trust.keyring import Keyring
    from fota.trust.manifest import Manifest

PROBATION_BOOTS = trial.PROBATION_BOOTS
"""A confirmed image needs this many healthy boots, the one of its confirm included, to raise the floor."""

MAGIC = b"FLOR"
_FORMAT = 1


class Floor:
    """The numbers reached so far. A floor is never changed: `after_healthy_boot` makes the next one."""

    def __init__(self, seq: int = 0, sha256: str = "", secver: int = 0, boots: int = 0) -> None:
        self.seq = seq
        """The mark."""
        self.sha256 = sha256
        """The digest of the image whose manifest has that number."""
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
        """The floor after one healthy boot of the confirmed image, which has that manifest."""
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

    def under(self, keyring: "Keyring") -> "Floor":
        """This floor with the keyring's numbers in the place of those that it voids.

        Nothing is written: a void number stays stored until a release with a good one is confirmed.
        """
        void, seq, sha256, secver, boots = keyring.void, self.seq, self.sha256, self.secver, self.boots
        if seq >= void.get("seq_void", seq + 1):
            # No digest: no release may have the very number of this mark.
            seq, sha256, boots = void["seq_mark"], "", 0
        if secver >= void.get("secver_void", secver + 1):
            secver, boots = void["secver_floor"], 0
        return Floor(seq, sha256, secver, boots)

    def is_as(self, other: "Floor") -> bool:
        """Whether both have the same numbers and the same digest."""
        return encode(self) == encode(other)


class FloorStore:
    """The floor in its two cells."""

    def __init__(self, first: "Cell", second: "Cell") -> None:
        self._value = DurableValue(MAGIC, first, second, decode)

    def load(self) -> Floor:
        """The floor; all zeros if none was saved or both copies are damaged."""
        return decode(self._value.load() or b"") or Floor()

    def save(self, floor: Floor) -> None:
        """Replace the floor; survives a reset once this returns. *Raises* StorageFailed."""
        self._value.save(encode(floor))


def encode(floor: Floor) -> bytes:
    """The floor as bytes."""
    return json.dumps([_FORMAT, floor.seq, floor.sha256, floor.secver, floor.boots]).encode()


def decode(content: bytes) -> "Floor | None":
    """The floor that the bytes encode; None if they make no sense, even with a good CRC.

    A later format may be longer: after a rollback, older code reads what newer code wrote.
    """
    try:
        found = json.loads(content)
        form, seq, sha256, secver, boots = found[:5] if isinstance(found, list) else []
    except (ValueError, TypeError, RuntimeError):
        return None
    sane = (
        is_whole(form, _FORMAT, MAX_NUMBER)
        and is_whole(seq, 0, MAX_NUMBER)
        and (sha256 == "" or is_hexadecimal(sha256, 64))
        and is_whole(secver, 0, MAX_SECVER)
        and is_whole(boots, 0, PROBATION_BOOTS)
    )
    return Floor(seq, sha256, secver, boots) if sane else None
