"""The checks: what anybody who sees the bytes, the boots and the job's history must find true at every moment.

Each is named by its invariant in the table of docs/power-cuts.md. Nothing here asks the code under test. What is
signed is looked at by `trust`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from sweeps.powercut import seen, trust
from sweeps.powercut.past import AtRest, Past, Violation, count
from sweeps.powercut.scenarios import BUFFER_BYTES, CRASHING, HANGING, HEALTHY, IMAGES

if TYPE_CHECKING:
    from sweeps.powercut.cloud import CloudState, ExecutionState
    from sweeps.powercut.scenarios import Offer, Scenario
    from sweeps.powercut.seen import Content

    from fota_testing.posix_disk import Disk

SUCCEEDED, KNOWN_BAD, ROLLED_BACK = ("SUCCEEDED", ""), ("REJECTED", "known-bad"), ("FAILED", "rolled-back")
NEVER_WITHOUT_DAMAGE = "image-damaged"
"""A cause of a rollback: whatever a power cut tears is not started."""

RECORD_WRITES_PER_UPDATE = 5
"""I10."""

MOST_FETCHED_AGAIN_BYTES = 2 * BUFFER_BYTES
"""I16: what came is put on record at every buffer, and the last of those may be cut."""

BEHAVIOURS = {image.name: image.behaviour for image in IMAGES}


class Witness:
    """Looks at one run from one power-on to the next cut, and raises a Violation at the first thing that is wrong."""

    def __init__(self, scenario: Scenario, past: Past, content: Content) -> None:
        self.past = past
        self._scenario = scenario
        self._content = content
        self._offers = {offer.job_id: offer for offer in scenario.all_offers()}
        self._boots = 0
        self._record_writes = 0
        self._running_slot: int | None = None
        self._running = ""
        self._is_counted = False
        """Whether this boot was counted as a healthy one."""
        self._changed_since_described = False
        self._trust = trust.Trust(scenario, content)

    def booted(self, slot: int) -> str:
        """The boot chooser has named a slot; which image that starts. I1, I3, I4, I7."""
        self._boots += 1
        name = seen.image_name(self._content, slot)
        if name is None:
            raise Violation("I1", f"slot {slot} was started and holds no published image")
        # What is forgotten by damage is done again.
        jobs = len(self._offers) * (2 if self.past.is_damaged else 1)
        if self._boots > 2 + jobs * (self._scenario.attempts + 2):
            if self.past.has_lost_an_image and BEHAVIOURS[name] in {CRASHING, HANGING}:
                raise AtRest(f"{name} is the image that is left to start")
            raise Violation("I7", f"{self._boots} boots since the power came back, and no end")
        self._running_slot, self._running, self._is_counted = slot, name, False
        self._trust.booted(self.past)
        if not self.past.is_damaged:
            self._require_right_image(name)
        return name

    def _require_right_image(self, name: str) -> None:
        if name in self.past.confirmed[:-1] and not self._is_offered(name):
            raise Violation("I4", f"{name} was started after {self.past.confirmed[-1]} was confirmed")
        found = seen.record(self._content)
        if found is None:
            raise Violation("I8", "both copies of the boot record are unreadable after a boot")
        if found.is_on_trial or BEHAVIOURS[name] in {CRASHING, HANGING}:
            self.past = self.past.booted_on_trial(name)
            allowed = self._scenario.attempts * sum(
                offer.image.name == name and (offer.status, offer.reason) != KNOWN_BAD
                for offer in self._offers.values()
            )
            if count(self.past.trial_boots, name) > allowed:
                raise Violation("I3", f"{name} was started more often than {allowed} times without being confirmed")

    def listed(self) -> None:
        """The cloud has told the program what waits: a healthy image is well in this boot."""
        if not self._is_counted and BEHAVIOURS[self._running] == HEALTHY:
            self.past = self.past.was_well(self._running)
        self._is_counted = True

    def described(self) -> None:
        """The device asks what a job wants."""
        self._changed_since_described = False

    def rested(self) -> None:
        """The boots are counted anew: there was nothing left to do."""
        self._boots = 0

    def at_rest(self) -> None:
        """The device was left in peace for as many boots as change anything."""
        self._trust.at_rest(self.past)

    def changing(self, function: str, path: str, disk: Disk, cloud: CloudState) -> None:
        """A change of the disk was asked for. I2, I10, I11, I15, and clause 2 of the contract of slots."""
        self._changed_since_described = True
        name = path[len(seen.HOME) + 1 :]
        if function == "pwrite":
            self._trust.written(name, disk, self.past)
        if name.startswith("record-") and function == "pwrite" and not self.past.is_damaged:
            self._record_written(cloud)
        if name.startswith("slot-") and name[5:6].isdigit():
            self._slot_changed(function, name, disk)

    def _record_written(self, cloud: CloudState) -> None:
        self._record_writes += 1
        if self._record_writes > RECORD_WRITES_PER_UPDATE * len(self._offers) + (self.past.cuts > 0):
            raise Violation("I10", f"the boot record was written {self._record_writes} times")
        trust.require_met(self._content)
        found = seen.record(self._content)
        if found is None or found.trial_that_begins is None:
            return
        name = seen.image_name(self._content, found.trial_that_begins)
        waiting = [self._offers[execution.job_id] for execution in cloud.executions if not execution.is_over]
        if not any(offer.image.name == name for offer in waiting):
            raise Violation("I15", f"the trial of {name} begins, and no job asks for it any more")

    def _slot_changed(self, function: str, name: str, disk: Disk) -> None:
        slot = int(name[5])
        if all(offer.status == "REJECTED" for offer in self._offers.values()):
            raise Violation("I11", f"{function} of {name} for a job that is refused")
        self._trust.may_change(f"{function} of {name}")
        if ".release-" in name:
            # A newer release of the image that runs may take the place of the one before.
            return
        if name.endswith(".img") and seen.is_sealed(disk.content, slot):
            raise Violation("I2", f"{function} of {name}, whose seal is not broken")
        if slot == self._running_slot:
            raise Violation("I2", f"{function} of {name}, whose image runs")
        found = seen.record(self._content)
        if found is not None and slot == found.confirmed_slot:
            raise Violation("I2", f"{function} of {name}, whose image is the one to fall back on")

    def claimed(self, job_id: str, status: str, disk: Disk) -> None:
        """The device says that a job has ended so. I6, I11."""
        if status == "REJECTED" and self._changed_since_described:
            raise Violation("I11", f"something was written for {job_id}, which is refused")
        if status != "IN_PROGRESS":
            self.past = replace(self.past, fetched=("", 0))
        if self.past.is_damaged:
            return
        offer = self._offers.get(job_id)
        if offer is None:
            raise Violation("I6", f"{status} was reported of {job_id}, which is no job of ours")
        if status == "SUCCEEDED":
            self._require_final(offer, disk)
        elif status in {"FAILED", "REJECTED"} and self._running == offer.image.name:
            raise Violation("I6", f"{status} was reported of {offer.image.name}, which runs")

    def _require_final(self, offer: Offer, disk: Disk) -> None:
        """What SUCCEEDED is said of is durable. I6."""
        views = [disk.after_cut(shape).content for shape in ("lost", "kept")]
        if offer.keys is not None:
            self.past = trust.reported(self.past, offer.keys.version, views)
            return
        if self._running != offer.image.name:
            raise Violation("I6", f"SUCCEEDED was reported of {offer.image.name} while {self._running} runs")
        for found in map(seen.record, views):
            if found is None or found.trial_slot is not None or found.confirmed_slot != self._running_slot:
                raise Violation("I6", f"SUCCEEDED was reported of {offer.image.name} before it was final")

    def asked(self, url: str, first: int) -> None:
        """The device asks for an image from there on. I16: after a power cut it goes on near where it was."""
        image, end = self.past.fetched
        if self.past.is_damaged or self._scenario.may_end_early or image != url:
            return
        if first < end - MOST_FETCHED_AGAIN_BYTES:
            raise Violation("I16", f"{end} bytes had come, and the download goes on at {first}")

    def delivered(self, url: str, end: int) -> None:
        """So much of an image has come."""
        self.past = replace(self.past, fetched=(url, end))

    def nothing_bootable(self) -> None:
        """The boot chooser finds no slot to start. I1: only where none holds an image that was proven."""
        for slot in range(seen.SLOTS):
            if seen.image_name(self._content, slot) is not None and seen.is_sealed(self._content, slot):
                raise Violation("I1", f"nothing is started, and slot {slot} holds an image that was proven")
        if not self.past.is_damaged:
            raise Violation("I1", "nothing is started, and no slot holds an image")
        raise AtRest("no image is left to start")

    def confirmed(self) -> None:
        """The running image was told to be final, and that has returned."""
        self.past = self.past.with_confirmed(self._running)

    def deadline_passed(self) -> None:
        """The running image was stopped in its trial because the cloud was out of reach."""
        self.past = self.past.spoiled(self._running)

    def settled(self, cloud: CloudState) -> None:
        """Nothing is left to do: how every job ended. I6."""
        if self.past.is_damaged:
            return
        for execution in cloud.executions:
            if not execution.is_over:
                raise Violation("I6", f"{execution.job_id} is {execution.status} and nobody works on it")
            if execution.ended_by_the_service:
                if not self._scenario.may_end_early:
                    raise Violation("I6", f"{execution.job_id} is {execution.status}")
            elif not self._is_true(execution, self._offers[execution.job_id], cloud):
                raise Violation("I6", f"{execution.job_id} ended {execution.status}, {dict(execution.details)}")

    def _wanted(self, offer: Offer, cloud: CloudState) -> tuple[tuple[str, str], ...]:
        """How a job may end: as it must after the one that it stands on, whichever way that went."""
        found = [execution for execution in cloud.executions if execution.job_id == offer.stands_on]
        if not offer.stands_on or (found and found[0].status == "SUCCEEDED"):
            return ((offer.status, offer.reason),)
        if found and not found[0].ended_by_the_service:
            return (offer.otherwise,)
        # Whoever ended it does not know how far the device had come.
        return ((offer.status, offer.reason), offer.otherwise)

    def _is_true(self, execution: ExecutionState, offer: Offer, cloud: CloudState) -> bool:
        """Whether a job ended as it must, or as the power cuts excuse."""
        name, wanted = offer.image.name, self._wanted(offer, cloud)
        outcome = (execution.status, dict(execution.details).get("reason", ""))
        spoiled = count(self.past.trials_spoiled, name)
        if outcome == KNOWN_BAD:
            was_tried = count(self.past.trial_boots, name) + spoiled > 0
            if not was_tried or offer.insists:
                return False
            return offer.image.behaviour != HEALTHY or spoiled >= self._scenario.attempts
        if dict(execution.details).get("cause") == NEVER_WITHOUT_DAMAGE:
            return False
        if outcome in wanted:
            return True
        if offer.image.behaviour != HEALTHY:
            # Where it was expected to be known already, what made it so was cancelled.
            was_expected = (offer.status, offer.reason) == KNOWN_BAD
            return was_expected and self._scenario.may_end_early and outcome == ROLLED_BACK
        return SUCCEEDED in wanted and spoiled >= self._scenario.attempts and outcome == ROLLED_BACK

    def _is_offered(self, name: str) -> bool:
        return any(offer.image.name == name for offer in self._offers.values())


def after_cut(disk: Disk, left: Disk, past: Past) -> Past:
    """What the power cut adds to the past. I5, I8: every value is that before the cut write, or that after it."""
    for name, allowed in _before_and_after(disk).items():
        if seen.value(left.content, name) not in allowed:
            raise Violation("I8", f"{name} is neither the one before nor the one after")
    if not past.is_damaged:
        trust.require_met(left.content)
    past = replace(past, cuts=past.cuts + 1)
    found = seen.record(left.content)
    if found is not None and found.is_on_trial and found.attempts_spent and found.trial_slot is not None:
        tried = seen.image_name(left.content, found.trial_slot)
        # Two cuts may cost the same attempt.
        if tried is not None and count(past.trials_spoiled, tried) < found.attempts_spent:
            return past.spoiled(tried)
    return past


@lru_cache(maxsize=4)
def _before_and_after(disk: Disk) -> dict[str, tuple[bytes | None, bytes | None]]:
    """Each value as it is with nothing kept of what is pending, and with everything."""
    lost, kept = disk.after_cut("lost").content, disk.after_cut("kept").content
    return {name: (seen.value(lost, name), seen.value(kept, name)) for name in seen.PAIRS}
