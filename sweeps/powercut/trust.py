"""The checks of what is signed: whom the device trusts, what it starts for that, how far it goes back. I5, I8, I17.

Nothing here asks the code under test.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sweeps.powercut import seen
from sweeps.powercut.past import PROBATION_BOOTS, Past, Violation, count
from sweeps.powercut.scenarios import IMAGES, UNHEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sweeps.powercut.scenarios import Scenario
    from sweeps.powercut.seen import Content

    from fota_testing.posix_disk import Disk


_NEVER_WELL = {image.name for image in IMAGES if image.behaviour == UNHEALTHY}


class Trust:
    """Looks at keyring, floor and releases from one power-on to the next; not at a device without a keyring."""

    def __init__(self, scenario: Scenario, content: Content) -> None:
        self._is_keyed = scenario.is_keyed
        self._signed = {offer.image.name for offer in scenario.offers if offer.release is not None}
        self._content = content
        self._floor = seen.floor(content)
        self._keyring = seen.keyring(content)

    def booted(self, past: Past) -> None:
        """An image was started. I8: the keyring is the newest that was reported, whichever one copy was destroyed."""
        if not self._is_keyed or past.has_lost_the_keyring:
            return
        found = seen.keyring(self._content)
        if found is None:
            raise Violation("I8", "the keyring is gone")
        if found.version < past.keyring_version:
            raise Violation("I8", f"keyring {past.keyring_version} was in force, and {found.version} has come back")

    def may_change(self, what: str) -> None:
        """Something is written to a slot. I17: never while there is no keyring to say whether it may be."""
        if self._is_keyed and seen.keyring(self._content) is None:
            raise Violation("I17", f"{what}, and no keyring says that it may be")

    def written(self, name: str, disk: Disk, past: Past) -> None:
        """A file was written to."""
        if not self._is_keyed:
            return
        if name.startswith("record-"):
            found = seen.record(self._content)
            if found is not None and found.trial_that_begins is not None:
                _require_release(disk.after_cut("lost").content, found.trial_that_begins)
        elif name.startswith("keyring-"):
            self._keyring_written()
        elif name.startswith("floor-"):
            self._floor_written(disk.after_cut("lost").content, past)

    def _keyring_written(self) -> None:
        """I17: a keyring follows the one before it, version by version."""
        before, self._keyring = self._keyring, seen.keyring(self._content)
        if self._keyring == before or (before and self._keyring and self._keyring.version == before.version + 1):
            return
        raise Violation("I17", f"{self._keyring} has taken the place of {before}")

    def _floor_written(self, durable: Content, past: Past) -> None:
        """I5: mark and floor rise to what the confirmed slot has, the floor after its probation."""
        before, self._floor = self._floor, seen.floor(self._content)
        if self._floor == before:
            return
        if self._floor.seq < before.seq or self._floor.secver < before.secver:
            raise Violation("I5", f"{self._floor} has taken the place of {before}")
        found = seen.record(durable)
        if found is None or found.is_on_trial:
            raise Violation("I5", f"{self._floor} is written, and nothing is final")
        claim = seen.claim(durable, found.confirmed_slot)
        if claim is None or self._floor.seq > claim.seq or self._floor.secver > claim.secver:
            raise Violation("I5", f"{self._floor} is above what the confirmed slot has, {claim}")
        name = seen.image_name(durable, found.confirmed_slot) or ""
        boots = count(past.healthy_boots, name)
        if self._floor.secver > before.secver and boots < PROBATION_BOOTS:
            raise Violation("I5", f"the floor is raised to {name} after {boots} healthy boots")

    def at_rest(self, past: Past) -> None:
        """I5: in peace the floor comes to be that of the image that stays; I12: whichever copy was destroyed."""
        found = seen.record(self._content)
        if not self._is_keyed or found is None or past.has_lost_the_keyring:
            return
        slot = found.confirmed_slot
        claim = seen.claim(self._content, slot)
        if claim is None or not claim.is_of_the_image:
            if seen.image_name(self._content, slot) in self._signed and ".release-" in past.harm:
                raise Violation("I12", f"one copy of the release of slot {slot} was destroyed, and none is left")
            return
        if seen.image_name(self._content, slot) in _NEVER_WELL:
            # All that is left to start, after damage: it is never well, and nothing rises to it.
            return
        floor = seen.floor(self._content)
        if past.is_damaged and claim.seq < floor.seq:
            # What was destroyed has brought an older release back: nothing rises to that.
            return
        if floor.seq < claim.seq or floor.secver < claim.secver:
            raise Violation("I5", f"at rest, and {floor} is below what the confirmed slot has, {claim}")


def require_met(content: Content) -> None:
    """I5: the confirmed slot meets the floor, at every moment. *Raises* Violation."""
    found, floor = seen.record(content), seen.floor(content)
    if found is None or floor == seen.NOTHING_REACHED:
        return
    claim = seen.claim(content, found.confirmed_slot)
    if claim is None or claim.seq < floor.seq or claim.secver < floor.secver:
        raise Violation("I5", f"{floor} is above what the confirmed slot has, {claim}")


def reported(past: Past, version: int, views: Iterable[Content]) -> Past:
    """A keyring was said to be in force. I6: it is durable. *Raises* Violation."""
    for found in map(seen.keyring, views):
        if found is None or found.version < version:
            raise Violation("I6", f"keyring {version} was reported, and {found} is in force")
    return replace(past, keyring_version=version)


def _require_release(durable: Content, slot: int) -> None:
    """I17: a trial begins only of an image whose release is kept, signed by the keyring, and no step back."""
    keyring, claim, floor = seen.keyring(durable), seen.claim(durable, slot), seen.floor(durable)
    if keyring is None:
        raise Violation("I17", f"the trial of slot {slot} begins, and there is no keyring")
    if claim is None or not claim.is_of_the_image:
        raise Violation("I17", f"the trial of slot {slot} begins, and no release of its image is kept")
    if not claim.signers & keyring.keys:
        raise Violation("I17", f"the trial of slot {slot} begins, and its release is signed by no key that counts")
    if claim.seq < floor.seq or claim.secver < floor.secver:
        raise Violation("I17", f"the trial of slot {slot} begins, and {claim} is below {floor}")
