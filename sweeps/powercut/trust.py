"""The checks of signed values: which keys a device trusts, what it starts, how far it goes back. I5, I8, I12, I17.

This is a part of the oracle, and uses nothing of the code under test.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sweeps.powercut import seen
from sweeps.powercut.history import PROBATION_BOOTS, History, Violation, count
from sweeps.powercut.scenarios import IMAGES, UNHEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fota_testing.posix.disk import Disk
    from sweeps.powercut.scenarios import Scenario
    from sweeps.powercut.seen import Content


_NEVER_WELL = {image.name for image in IMAGES if image.behaviour == UNHEALTHY}


class Trust:
    """Watches keyring, floor and releases in one power session; a device without a keyring is not checked."""

    def __init__(self, scenario: Scenario, content: Content) -> None:
        self._is_keyed = scenario.is_keyed
        self._signed = {offer.image.name for offer in scenario.offers if offer.release is not None}
        self._content = content
        self._floor = seen.floor(content)
        self._keyring = seen.keyring(content)
        self._is_first_boot = True
        self._has_no_seal = not any(seen.is_sealed(content, slot) for slot in range(seen.SLOTS))

    def proves(self, slot: int) -> bool:
        """Whether the image of a slot proves itself without its seal: by its release, where there is a keyring."""
        if not self._is_keyed:
            # Every published image is a whole zip archive.
            return True
        keyring, claim = seen.keyring(self._content), seen.claim(self._content, slot)
        return (
            keyring is not None and claim is not None and claim.is_of_the_image and bool(claim.signers & keyring.keys)
        )

    def sealed_again(self, slot: int, history: History) -> None:
        """An image was started. I19: the first one after every seal was lost proves itself by other means."""
        is_first, self._is_first_boot = self._is_first_boot, False
        if not (is_first and self._has_no_seal and history.has_lost_every_seal):
            return
        if not self.proves(slot):
            raise Violation("I19", f"slot {slot} was started, and nothing says any more what it holds")
        for other in range(seen.SLOTS):
            is_proven = seen.image_name(self._content, other) is not None and self.proves(other)
            if seen.is_sealed(self._content, other) and not is_proven:
                raise Violation("I19", f"slot {other} was sealed again, and nothing says what it holds")

    def booted(self, history: History) -> None:
        """An image was started. I8: the keyring is the newest that was reported, even if one copy was destroyed."""
        if not self._is_keyed or history.has_lost_the_keyring:
            return
        found = seen.keyring(self._content)
        if found is None:
            raise Violation("I8", "the keyring is gone")
        if found.version < history.keyring_version:
            raise Violation(
                "I8", f"keyring {history.keyring_version} was in force, and {found.version} has come back"
            )

    def may_change(self, what: str) -> None:
        """Something is written to a slot. I17: never while there is no keyring to say whether it may be."""
        if self._is_keyed and seen.keyring(self._content) is None:
            raise Violation("I17", f"{what}, and no keyring says that it may be")

    def written(self, name: str, disk: Disk, history: History) -> None:
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
            self._floor_written(disk.after_cut("lost").content, history)

    def _keyring_written(self) -> None:
        """I17: a keyring follows the one before it, version by version."""
        before, self._keyring = self._keyring, seen.keyring(self._content)
        if self._keyring == before or (before and self._keyring and self._keyring.version == before.version + 1):
            return
        raise Violation("I17", f"{self._keyring} has taken the place of {before}")

    def _floor_written(self, durable: Content, history: History) -> None:
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
        boots = count(history.healthy_boots, name)
        if self._floor.secver > before.secver and boots < PROBATION_BOOTS:
            raise Violation("I5", f"the floor is raised to {name} after {boots} healthy boots")

    def at_rest(self, history: History) -> None:
        """I5: at rest, the floor is that of the image that stays. I12: so it is if one copy was destroyed."""
        found = seen.record(self._content)
        if not self._is_keyed or found is None or history.has_lost_the_keyring:
            return
        slot = found.confirmed_slot
        claim = seen.claim(self._content, slot)
        if claim is None or not claim.is_of_the_image:
            if seen.image_name(self._content, slot) in self._signed and ".release-" in history.harm:
                raise Violation("I12", f"one copy of the release of slot {slot} was destroyed, and none is left")
            return
        if seen.image_name(self._content, slot) in _NEVER_WELL:
            # After damage only this image is left to start. It is never well, so nothing rises to it.
            return
        floor = seen.floor(self._content)
        if history.is_damaged and claim.seq < floor.seq:
            # The damage has brought an older release back, and nothing rises to that.
            return
        if floor.seq < claim.seq or floor.secver < claim.secver:
            raise Violation("I5", f"at rest, and {floor} is below what the confirmed slot has, {claim}")


def require_met(content: Content, history: History) -> None:
    """I5: the confirmed slot meets the floor, at every moment. *Raises* Violation.

    The mark of an image that was given up in its probation stays, and the floor has never risen to it.
    """
    found, floor = seen.record(content), seen.floor(content)
    if found is None or floor == seen.NOTHING_REACHED:
        return
    claim = seen.claim(content, found.confirmed_slot)
    if history.may_fall_back and floor.secver == 0:
        return
    if claim is None or claim.seq < floor.seq or claim.secver < floor.secver:
        raise Violation("I5", f"{floor} is above what the confirmed slot has, {claim}")


def reported(history: History, version: int, views: Iterable[Content]) -> History:
    """A keyring was said to be in force. I6: it is durable. *Raises* Violation."""
    for found in map(seen.keyring, views):
        if found is None or found.version < version:
            raise Violation("I6", f"keyring {version} was reported, and {found} is in force")
    return replace(history, keyring_version=version)


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
