"""Which releases this device accepts: keyring and floor decide, and each slot's release is remembered.

The order is fixed: read the envelope, verify its bytes, read the manifest, judge it. Nothing is erased or written
for a release before it has passed all of that.
"""

from fota import strict_json
from fota.durable import DurableValue
from fota.errors import StorageFailed
from fota.log import log
from fota.machine import misfit
from fota.trust import envelope as envelopes
from fota.trust import errors as trust_errors
from fota.trust import keyring as keyrings
from fota.trust import manifest
from fota.trust.errors import require_same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fota.digests import Digests
    from fota.durable import Cell
    from fota.slots import Slots
    from fota.trust.floor import Floor, FloorStore
    from fota.trust.keyring import Keyring, KeyringStore
    from fota.trust.manifest import Manifest

NO_KEYRING = "this device has no keyring: it installs whatever a job names"

RELEASE_BYTES = 8192
"""The size of a cell that holds an envelope with the longest manifest and the most signatures."""

MAGIC = b"RELS"


def opened(envelope: object, keyring: "Keyring") -> "Manifest":
    """The manifest of an envelope that the keyring's threshold has signed.

    *Raises* BadEnvelope, UnknownKey, BadSignature, TooFewSignatures, BadManifest.
    """
    found = envelopes.parse(envelope)
    release = manifest.parse(envelopes.verified(found, manifest.PAYLOAD_TYPE, keyring.keys, keyring.threshold))
    release.signed_by = tuple([key for key, _ in found.signatures if key in keyring.keys])
    return release


def require_for(release: "Manifest", keyring: "Keyring", image_kinds: "Sequence[str]") -> None:
    """Check that a release is for such a device, and that the keyring does not void its numbers.

    *Raises* WrongProduct, WrongHardware, WrongFormat, OlderRelease, BelowFloor.
    """
    require_same(trust_errors.WrongProduct, "product", keyring.product, release.product)
    if keyring.hardware not in release.hardware:
        raise trust_errors.WrongHardware(f"hardware: expected {keyring.hardware} among {', '.join(release.hardware)}")
    if release.image not in image_kinds:
        raise trust_errors.WrongFormat(f"image: expected {' or '.join(image_kinds)}, got {release.image}")
    require_not_void(release, keyring)


def require_not_void(release: "Manifest", keyring: "Keyring") -> None:
    """*Raises* OlderRelease, BelowFloor for a number that was signed by mistake, and that the keyring voids."""
    for name, value, refusal in (
        ("seq_void", release.seq, trust_errors.OlderRelease),
        ("secver_void", release.secver, trust_errors.BelowFloor),
    ):
        if value >= keyring.void.get(name, value + 1):
            raise refusal(f"{name[:-5]}: expected below {keyring.void[name]}, got {value}, which is void")


def require_runnable(release: "Manifest") -> None:
    """*Raises* WrongRuntime for an image that was made for another Python, platform or fota-boot than those here."""
    problem = misfit(release.runtime, release.boot)
    if problem:
        raise trust_errors.WrongRuntime(problem)


def require_valid(release: "Manifest", now_s: "int | None") -> None:
    """*Raises* NotValidNow outside of the time that the manifest names; nothing without a trusted clock."""
    if now_s is None:
        return
    if release.not_before is not None and now_s < release.not_before:
        raise trust_errors.NotValidNow(f"not_before: {release.not_before}, and it is {now_s}")
    if release.not_after is not None and now_s > release.not_after:
        raise trust_errors.NotValidNow(f"not_after: {release.not_after}, and it is {now_s}")


class Admitted:
    """A release that may be installed."""

    def __init__(
        self, wanted: "Digests", slot: "int | None", envelope: object, release: "Manifest | None" = None
    ) -> None:
        self.wanted = wanted
        self.slot = slot
        """The slot that it must go to; None for any spare slot."""
        self.envelope = envelope
        """The envelope to be kept beside the image; None where nothing is signed."""
        self.release = release
        """The manifest of the envelope; None where nothing is signed."""
        self.tree_bytes: "int" = 0 if release is None else release.tree_bytes
        """The room that the unpacked image takes, as far as that is known before the download."""

    def about(self) -> "dict[str, str]":
        """SHA-256 and version of the image, as far as they are known."""
        about = {"sha256": self.wanted.sha256.hex()} if self.wanted.sha256 else {}
        if self.release is not None:
            about["version"] = self.release.version
        return about


class Releases:
    """All that a device knows of releases: its keyring, its floor, and the release in each slot."""

    def __init__(
        self,
        slots: "Slots",
        keyrings: "KeyringStore",
        floors: "FloorStore",
        cells_of: "Callable[[int], tuple[Cell, Cell]]",
        *,
        image_kinds: "Sequence[str]",
    ) -> None:
        """`cells_of(slot)` are the two cells beside a slot; `image_kinds` are the kinds that can be started."""
        self.keyrings = keyrings
        self.floors = floors
        self._slots = slots
        self._cells_of = cells_of
        self.image_kinds = image_kinds

    def admit(self, wanted: "Digests", slot: "int | None", envelope: object, now_s: "int | None" = None) -> Admitted:
        """Check the release of a job document; returns what the document asks for. Changes nothing.

        Without a keyring every release passes. `now_s`: seconds since 1970 by a clock that can be trusted.
        *Raises* NotTrusted.
        """
        keyring = self.keyrings.load()
        if keyring is None:
            log("unsigned-accepted", problem=NO_KEYRING)
            return Admitted(wanted, slot, None)
        if envelope is None:
            raise trust_errors.Unsigned("envelope: missing; this device takes signed releases only")
        release = opened(envelope, keyring)
        require_for(release, keyring, self.image_kinds)
        require_runnable(release)
        self.floor().require(release)
        require_valid(release, now_s)
        if not release.wanted.matches(wanted):
            raise trust_errors.Contradiction("bc_size, bc_crc or bc_sha256: expected those of the manifest")
        if release.slot is not None:
            if slot is not None:
                require_same(trust_errors.Contradiction, "bc_idx", release.slot, slot)
            slot = release.slot
        log("release-admitted", release=release.release, version=release.version, seq=release.seq)
        return Admitted(release.wanted, slot, envelope, release)

    def replace_keyring(self, envelope: object) -> "Keyring":
        """Put the keyring that the envelope carries in the place of the present one, and return it.

        Survives a reset. *Raises* NotTrusted, StorageFailed; then the present one stays.
        """
        new = keyrings.successor(self.keyrings.load(), envelope)
        try:
            # Cut after this, or within: the job comes back, and the missing part is written then.
            self.keyrings.save(new)
        except StorageFailed as error:
            found = self.keyrings.load()
            if found is None or keyrings.encode(found) != keyrings.encode(new):
                raise
            # One copy was written and counts, so the report FAILED would be wrong.
            log("record-not-saved", problem=error)
        return new

    def keep(self, slot: int, envelope: object) -> None:
        """Remember which release a slot holds. Survives a reset. *Raises* StorageFailed."""
        if envelope is None:
            return
        # Cut after this: the slot is tried with this release, or not at all.
        self._value(slot).save_in_both(strict_json.canonical(envelope))

    def require_kept(self, slot: int) -> None:
        """*Raises* NotTrusted unless the slot holds a release that this device still takes.

        This is checked again before a trial begins: the keyring may have been replaced meanwhile.
        """
        keyring = self.keyrings.load()
        if keyring is None:
            return
        release = self._kept(slot, keyring, is_verified=False)
        if release is None:
            raise trust_errors.Unsigned(f"slot {slot} holds no release that is signed")
        require_for(release, keyring, self.image_kinds)
        require_runnable(release)
        self.floor().require(release)

    def rises_with(self, slot: int) -> bool:
        """Whether the floor would change with one more healthy boot of the confirmed image, in that slot."""
        try:
            release, floor = self.running(slot), self.floor()
        except StorageFailed:
            # Nobody knows now; `boot_was_healthy` looks again, and says so.
            return True
        return release is not None and not floor.after_healthy_boot(release).is_as(floor)

    def boot_was_healthy(self, slot: int) -> None:
        """Count one more healthy boot of the confirmed image, in that slot. *Raises* StorageFailed."""
        release, floor = self.running(slot), self.floor()
        if release is None:
            return
        reached = floor.after_healthy_boot(release)
        # Cut after this: one healthy boot more is known. Before: this boot is not counted.
        self.floors.save(reached)
        if reached.secver > floor.secver:
            log("floor-raised", secver=reached.secver)

    def floor(self) -> "Floor":
        """The floor of this device, under its keyring."""
        floor = self.floors.load()
        try:
            keyring = self.keyrings.load()
        except trust_errors.NotTrusted:
            # What a lost keyring voids is not known: the numbers that were reached stay.
            return floor
        return floor if keyring is None else floor.under(keyring)

    def is_renewed(self, slot: int) -> bool:
        """Whether the release of the confirmed image, in that slot, has a higher number than the mark."""
        release = self.running(slot)
        return release is not None and release.seq > self.floor().seq

    def running(self, slot: int, *, even_void: bool = False) -> "Manifest | None":
        """The release of a slot, verified when it came; None for an image without one, or whose numbers are void.

        `even_void`: also with void numbers, for those who only say what runs. *Raises* StorageFailed.
        """
        try:
            keyring = self.keyrings.load()
            if keyring is None:
                return None
            release = self._kept(slot, keyring, is_verified=True)
            if release is not None and not even_void:
                # The image runs on; its number raises nothing.
                require_not_void(release, keyring)
            return release
        except trust_errors.NotTrusted:
            return None

    def _kept(self, slot: int, keyring: "Keyring", *, is_verified: bool) -> "Manifest | None":
        """The release kept beside a slot, if it matches the seal of the slot.

        *Raises* NotTrusted if its signatures fail with this keyring; `is_verified`: they were verified earlier.
        """
        content, sealed = self._value(slot).load(), self._slots.seal_of(slot)
        if content is None or sealed is None:
            return None
        try:
            fields = strict_json.parse(content)
            if is_verified:
                release = manifest.parse(envelopes.parse(fields).payload)
            else:
                release = opened(fields, keyring)
        except ValueError:
            return None
        return release if release.wanted.matches(sealed) else None

    def _value(self, slot: int) -> DurableValue:
        first, second = self._cells_of(slot)
        return DurableValue(MAGIC, first, second)
