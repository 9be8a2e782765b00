"""The checks: what anybody who sees the bytes, the boots and the job's history must find true at every moment.

Each is named by its invariant in the table of docs/power-cuts.md. Nothing here asks the code under test.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from sweeps.powercut import seen
from sweeps.powercut.scenarios import BUFFER_BYTES, CRASHING, FACTORY, HANGING, HEALTHY, IMAGES

if TYPE_CHECKING:
    from sweeps.powercut.cloud import CloudState, ExecutionState
    from sweeps.powercut.scenarios import Offer, Scenario
    from sweeps.powercut.seen import Content

    from fota_testing.posix_disk import Disk

KNOWN_BAD, ROLLED_BACK = ("REJECTED", "known-bad"), ("FAILED", "rolled-back")
NEVER_WITHOUT_DAMAGE = "image-damaged"
"""A cause of a rollback: whatever a power cut tears is not started."""

RECORD_WRITES_PER_UPDATE = 5
"""I10."""

MOST_FETCHED_AGAIN_BYTES = 2 * BUFFER_BYTES
"""I16: what came is put on record at every buffer, and the last of those may be cut."""

BEHAVIOURS = {image.name: image.behaviour for image in IMAGES}


class Violation(Exception):
    """Something is not as it must be. `check` is the invariant's short name."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check
        self.steps: list[str] = []
        """What was done before it, in a replay."""


class AtRest(Exception):
    """No more can be asked of the device: what was destroyed is what it would need."""


@dataclass(frozen=True)
class Past:
    """What has happened so far and no disk remembers: it goes along with a state across its power cuts."""

    confirmed: tuple[str, ...] = (FACTORY.name,)
    """Images whose confirm has returned, in that order; the factory image counts as the first."""
    trial_boots: tuple[tuple[str, int], ...] = ()
    """How often each image was started while unconfirmed."""
    trials_spoiled: tuple[tuple[str, int], ...] = ()
    """How often each was stopped by a power cut or its deadline while on trial: no fault of its own."""
    fetched: tuple[str, int] = ("", 0)
    """The image that comes now, and how far it has come; nothing once a job has ended."""
    cuts: int = 0
    harm: str = ""
    """What was destroyed that no power cut destroys: what was lost with it cannot be told truly any more."""

    @property
    def is_damaged(self) -> bool:
        """Whether anything was."""
        return bool(self.harm)

    @property
    def has_lost_an_image(self) -> bool:
        """Whether what was destroyed is an image: the one that is left may be no good."""
        return ".img=" in self.harm

    def booted_on_trial(self, name: str) -> Past:
        """One start more of an unconfirmed image."""
        return replace(self, trial_boots=_counted(self.trial_boots, name))

    def spoiled(self, name: str) -> Past:
        """One trial more that ended without the image's fault."""
        return replace(self, trials_spoiled=_counted(self.trials_spoiled, name))

    def with_confirmed(self, name: str) -> Past:
        """The image is final."""
        return self if name == self.confirmed[-1] else replace(self, confirmed=(*self.confirmed, name))


NOTHING_YET = Past()


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
        self._running_slot, self._running = slot, name
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
            if _count(self.past.trial_boots, name) > allowed:
                raise Violation("I3", f"{name} was started more often than {allowed} times without being confirmed")

    def changing(self, function: str, path: str, disk: Disk, cloud: CloudState) -> None:
        """A change of the disk was asked for. I2, I10, I11, I15, and clause 2 of the contract of slots."""
        name = path[len(seen.HOME) + 1 :]
        if name.startswith("record-") and function == "pwrite" and not self.past.is_damaged:
            self._record_written(cloud)
        if name.startswith("slot-") and name[5:6].isdigit():
            self._slot_changed(function, name, disk)

    def _record_written(self, cloud: CloudState) -> None:
        self._record_writes += 1
        if self._record_writes > RECORD_WRITES_PER_UPDATE * len(self._offers) + (self.past.cuts > 0):
            raise Violation("I10", f"the boot record was written {self._record_writes} times")
        found = seen.record(self._content)
        if found is None or not found.is_on_trial or found.attempts_spent or found.trial_slot is None:
            return
        name = seen.image_name(self._content, found.trial_slot)
        waiting = [self._offers[execution.job_id] for execution in cloud.executions if not execution.is_over]
        if not any(offer.image.name == name for offer in waiting):
            raise Violation("I15", f"the trial of {name} begins, and no job asks for it any more")

    def _slot_changed(self, function: str, name: str, disk: Disk) -> None:
        slot = int(name[5])
        if name.endswith(".img") and seen.is_sealed(disk.content, slot):
            raise Violation("I2", f"{function} of {name}, whose seal is not broken")
        if slot == self._running_slot:
            raise Violation("I2", f"{function} of {name}, whose image runs")
        found = seen.record(self._content)
        if found is not None and slot == found.confirmed_slot:
            raise Violation("I2", f"{function} of {name}, whose image is the one to fall back on")
        if all(offer.status == "REJECTED" for offer in self._offers.values()):
            raise Violation("I11", f"{function} of {name} for a job that is refused")

    def claimed(self, job_id: str, status: str, disk: Disk) -> None:
        """The device says that a job has ended so. I6."""
        if status != "IN_PROGRESS":
            self.past = replace(self.past, fetched=("", 0))
        if self.past.is_damaged:
            return
        offer = self._offers.get(job_id)
        if offer is None:
            raise Violation("I6", f"{status} was reported of {job_id}, which is no job of ours")
        if status == "SUCCEEDED":
            if self._running != offer.image.name:
                raise Violation("I6", f"SUCCEEDED was reported of {offer.image.name} while {self._running} runs")
            for shape in ("lost", "kept"):
                found = seen.record(disk.after_cut(shape).content)
                if found is None or found.trial_slot is not None or found.confirmed_slot != self._running_slot:
                    raise Violation("I6", f"SUCCEEDED was reported of {offer.image.name} before it was final")
        elif status in {"FAILED", "REJECTED"} and self._running == offer.image.name:
            raise Violation("I6", f"{status} was reported of {offer.image.name}, which runs")

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
            elif not self._is_true(execution, self._offers[execution.job_id]):
                raise Violation("I6", f"{execution.job_id} ended {execution.status}, {dict(execution.details)}")

    def _is_true(self, execution: ExecutionState, offer: Offer) -> bool:
        """Whether a job ended as it must, or as the power cuts excuse."""
        name = offer.image.name
        outcome = (execution.status, dict(execution.details).get("reason", ""))
        spoiled = _count(self.past.trials_spoiled, name)
        if outcome == KNOWN_BAD:
            was_tried = _count(self.past.trial_boots, name) + spoiled > 0
            if not was_tried or offer.insists:
                return False
            return offer.image.behaviour != HEALTHY or spoiled >= self._scenario.attempts
        if dict(execution.details).get("cause") == NEVER_WITHOUT_DAMAGE:
            return False
        if outcome == (offer.status, offer.reason):
            return True
        if offer.image.behaviour != HEALTHY:
            # Where it was expected to be known already, what made it so was cancelled.
            was_expected = (offer.status, offer.reason) == KNOWN_BAD
            return was_expected and self._scenario.may_end_early and outcome == ROLLED_BACK
        return spoiled >= self._scenario.attempts and outcome == ROLLED_BACK

    def _is_offered(self, name: str) -> bool:
        return any(offer.image.name == name for offer in self._offers.values())


def after_cut(disk: Disk, left: Disk, past: Past) -> Past:
    """What the power cut adds to the past. I8: every value is the one before the cut write, or the one after it."""
    for name, allowed in _before_and_after(disk).items():
        if seen.value(left.content, name) not in allowed:
            raise Violation("I8", f"{name} is neither the one before nor the one after")
    past = replace(past, cuts=past.cuts + 1)
    found = seen.record(left.content)
    if found is not None and found.is_on_trial and found.attempts_spent and found.trial_slot is not None:
        tried = seen.image_name(left.content, found.trial_slot)
        # Two cuts may cost the same attempt.
        if tried is not None and _count(past.trials_spoiled, tried) < found.attempts_spent:
            return past.spoiled(tried)
    return past


@lru_cache(maxsize=4)
def _before_and_after(disk: Disk) -> dict[str, tuple[bytes | None, bytes | None]]:
    """Each value as it is with nothing kept of what is pending, and with everything."""
    lost, kept = disk.after_cut("lost").content, disk.after_cut("kept").content
    return {name: (seen.value(lost, name), seen.value(kept, name)) for name in seen.PAIRS}


def _counted(counts: tuple[tuple[str, int], ...], name: str) -> tuple[tuple[str, int], ...]:
    return tuple((Counter(dict(counts)) + Counter({name: 1})).items())


def _count(counts: tuple[tuple[str, int], ...], name: str) -> int:
    return dict(counts).get(name, 0)
