"""The oracle: the checks that must hold at every moment, for the bytes, the boots and the reports of a device.

The table in docs/power-cuts.md names each check, such as I1. Nothing here uses the code under test. The checks of
signed values are in `trust`, those of unpacked bundles in `trees`, those of a job's end in `job_ends`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fota.progress import Progress
from sweeps.powercut import job_ends, patches, seen, trees, trust
from sweeps.powercut.history import MAX_CRASHES, MAX_FETCHED_AGAIN_BYTES, AtRest, History, Violation, count
from sweeps.powercut.scenarios import CRASHES_LATER, CRASHING, HANGING, HEALTHY, IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.posix.disk import Disk
    from sweeps.powercut.cloud import CloudState
    from sweeps.powercut.scenarios import Offer, Scenario
    from sweeps.powercut.seen import Content

RECORD_WRITES_PER_UPDATE, RECORD_WRITES_TO_FALL_BACK = 10, 5
"""I10: five for the update, three for healthy boots, two for the way back. Three crashes, and two to go back."""

_NEVER_AT_REST = {CRASHING, HANGING, CRASHES_LATER}


BEHAVIOURS = {image.name: image.behaviour for image in IMAGES}


class Oracle:
    """Watches one power session, and raises a Violation when the first check fails."""

    def __init__(
        self, scenario: Scenario, history: History, content: Content, paths: Callable[[], list[str]]
    ) -> None:
        """`content` and `paths` tell the disk as it is now."""
        self.history = history
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
        self._trees = trees.Trees(content, paths)

    def chooses(self) -> None:
        """The boot chooser looks for an image to start: none runs."""
        self._running_slot = None

    def booted(self, slot: int, path: str) -> str:
        """The boot chooser has named a slot, and that path is started. Returns the image. I1, I3, I4, I7, I21."""
        self._boots += 1
        name = self._trees.name_of(slot)
        if name is None:
            raise Violation("I1", f"slot {slot} was started and holds no published image")
        # A device that has lost its journal does its jobs again.
        jobs = len(self._offers) * (2 if self.history.is_damaged else 1)
        if self._boots > 2 + jobs * (self._scenario.attempts + 2):
            if BEHAVIOURS[name] in _NEVER_AT_REST and self._is_left_alone(slot):
                raise AtRest(f"{name} is the image that is left to start")
            raise Violation("I7", f"{self._boots} boots since the power came back, and no end")
        self._running_slot, self._running, self._is_counted = slot, name, False
        self._trees.started(slot, name, path)
        self._trust.booted(self.history)
        self._trust.sealed_again(slot, self.history)
        if not self.history.is_damaged:
            self._require_right_image(name)
        return name

    def _is_left_alone(self, slot: int) -> bool:
        """Whether damage has left this slot alone to start: each other image is lost, or its proof is."""
        history = self.history
        return (history.has_lost_an_image or history.has_lost_every_seal) and not any(
            seen.image_name(self._content, other)
            and seen.is_sealed(self._content, other)
            and self._trees.is_whole(other)
            for other in range(seen.SLOTS)
            if other != slot
        )

    def _require_right_image(self, name: str) -> None:
        if name == self.history.confirmed[-1] and self.history.crashes >= MAX_CRASHES + self.history.cuts:
            raise Violation("I18", f"{name} was started again after {self.history.crashes} crashes")
        if not self.history.may_fall_back and name in self.history.confirmed[:-1] and not self._is_offered(name):
            raise Violation("I4", f"{name} was started after {self.history.confirmed[-1]} was confirmed")
        found = seen.record(self._content)
        if found is None:
            raise Violation("I8", "both copies of the boot record are unreadable after a boot")
        if found.is_on_trial or BEHAVIOURS[name] in {CRASHING, HANGING}:
            self.history = self.history.booted_on_trial(name)
            allowed = self._scenario.attempts * sum(
                offer.image.name == name and self._may_be_tried(offer) for offer in self._offers.values()
            )
            if count(self.history.trial_boots, name) > allowed:
                raise Violation("I3", f"{name} was started more often than {allowed} times without being confirmed")

    def crashed(self) -> None:
        """The running image, which was confirmed, has crashed."""
        self.history = self.history.crashed()

    def _may_be_tried(self, offer: Offer) -> bool:
        """A power cut that ended the trial of a bad image is no evidence against it: it may be tried once more."""
        is_known = (offer.status, offer.reason) == job_ends.KNOWN_BAD
        return not is_known or count(self.history.trials_spoiled, offer.image.name) > 0

    def started_again(self, slot: int) -> None:
        """The image on trial ended for want of the network, and is started again. I1, I3."""
        name, found = self._trees.name_of(slot), seen.record(self._content)
        if name is None:
            raise Violation("I1", f"slot {slot} was started again and holds no published image")
        if found is None or not (found.is_on_trial and found.trial_slot == slot and found.attempts_spent):
            raise Violation("I3", f"{name} was started again, and the record names no attempt that is spent for that")

    def listed(self) -> None:
        """The cloud has told the program what waits: a healthy image is well in this boot."""
        if not self._is_counted and BEHAVIOURS[self._running] == HEALTHY:
            self.history = self.history.was_well(self._running)
        self._is_counted = True

    def described(self) -> None:
        """The device asks what a job wants."""
        self._changed_since_described = False

    def rested(self) -> None:
        """There was nothing left to do, so the count of boots begins again."""
        self._boots = 0

    def at_rest(self) -> None:
        """The device was left in peace for as many boots as change anything."""
        self._trust.at_rest(self.history)

    def changing(self, function: str, path: str, disk: Disk, cloud: CloudState) -> None:
        """A change of the disk was asked for. I2, I10, I11, I15, and clause 2 of the contract of slots."""
        self._changed_since_described = True
        name = path[len(seen.HOME) + 1 :]
        if function == "pwrite":
            self._trust.written(name, disk, self.history)
        if name.startswith("record-") and function == "pwrite" and not self.history.is_damaged:
            self._record_written(cloud)
        if name.startswith("slot-") and name[5:6].isdigit():
            self._slot_changed(function, name, disk)

    def _record_written(self, cloud: CloudState) -> None:
        self._record_writes += 1
        falls_back = any(offer.image.behaviour == CRASHES_LATER for offer in self._offers.values())
        allowed = RECORD_WRITES_PER_UPDATE * len(self._offers) + RECORD_WRITES_TO_FALL_BACK * falls_back
        if self._record_writes > allowed + (self.history.cuts > 0):
            raise Violation("I10", f"the boot record was written {self._record_writes} times")
        trust.require_met(self._content, self.history)
        found = seen.record(self._content)
        if found is None or found.trial_that_begins is None:
            return
        name = seen.image_name(self._content, found.trial_that_begins)
        waiting = [self._offers[execution.job_id] for execution in cloud.executions if not execution.is_over]
        if not any(offer.image.name == name for offer in waiting):
            raise Violation("I15", f"the trial of {name} begins, and no job asks for it any more")

    def _slot_changed(self, function: str, name: str, disk: Disk) -> None:
        slot = int(name[5])
        if self._is_last_resort(name):
            return
        if all(offer.status == "REJECTED" for offer in self._offers.values()):
            raise Violation("I11", f"{function} of {name} for a job that is refused")
        self._trust.may_change(f"{function} of {name}")
        self._trees.changing(function, name, disk)
        if ".release-" in name:
            # A newer release of the image that runs may take the place of the one before.
            return
        if name.endswith(".img") and seen.is_sealed(disk.content, slot):
            raise Violation("I2", f"{function} of {name}, whose seal is not broken")
        if slot == self._running_slot:
            raise Violation("I2", f"{function} of {name}, whose image runs")
        if ".seal-" in name and seen.is_sealed(disk.content, slot) and seen.is_whole_copy(disk.content, _other(name)):
            # Before a trial a seal with one damaged copy is written again, while the other copy holds it.
            return
        found = seen.record(self._content)
        if found is not None and slot in (found.confirmed_slot, found.fallback_slot):
            raise Violation("I2", f"{function} of {name}, whose image is the one to fall back on")

    def _is_last_resort(self, name: str) -> bool:
        """Whether nothing runs yet: then what proves itself is sealed again, and a lost tree is made again."""
        is_tree = trees.is_of_a_tree(name)
        seals, tree = self.history.has_lost_every_seal, self.history.has_lost_a_tree
        return self._running_slot is None and ((seals and (is_tree or ".seal-" in name)) or (tree and is_tree))

    def claimed(self, job_id: str, status: str, disk: Disk) -> None:
        """The device reports a status for a job. I6, I11."""
        if status == "REJECTED" and self._changed_since_described:
            raise Violation("I11", f"something was written for {job_id}, which is refused")
        if status != "IN_PROGRESS":
            self.history = replace(self.history, fetched=("", 0))
        if self.history.is_damaged:
            return
        offer = self._offers.get(job_id)
        if offer is None:
            raise Violation("I6", f"{status} was reported of {job_id}, which is no job of ours")
        if status == "SUCCEEDED":
            self._require_final(offer, disk)
        elif status in {"FAILED", "REJECTED"} and self._running == offer.image.name:
            raise Violation("I6", f"{status} was reported of {offer.image.name}, which runs")

    def _require_final(self, offer: Offer, disk: Disk) -> None:
        """A job that is reported SUCCEEDED has a durable result. I6."""
        views = [disk.after_cut(shape).content for shape in ("lost", "kept")]
        if offer.keys is not None:
            self.history = trust.reported(self.history, offer.keys.version, views)
            return
        if self._running != offer.image.name:
            raise Violation("I6", f"SUCCEEDED was reported of {offer.image.name} while {self._running} runs")
        for found in map(seen.record, views):
            if found is None or found.trial_slot is not None or found.confirmed_slot != self._running_slot:
                raise Violation("I6", f"SUCCEEDED was reported of {offer.image.name} before it was final")

    def asked(self, url: str, first: int) -> None:
        """The device asks for an image from byte `first` on. I16: after a power cut it goes on near where it was."""
        patches.asked(url, self.history)
        image, end = self.history.fetched
        if self.history.is_damaged or self._scenario.may_end_early or image != url:
            return
        if first < end - MAX_FETCHED_AGAIN_BYTES:
            raise Violation("I16", f"{end} bytes had come, and the download goes on at {first}")

    def delivered(self, url: str, end: int, count_bytes: int) -> None:
        """The bytes of an image up to `end` have come."""
        self.history = self.history.came(url, end, count_bytes)

    def nothing_bootable(self) -> None:
        """The boot chooser finds no slot to start. I1: only where none holds an image that was proven."""
        for slot in range(seen.SLOTS):
            if seen.image_name(self._content, slot) is None:
                continue
            if seen.is_sealed(self._content, slot):
                raise Violation("I1", f"nothing is started, and slot {slot} holds an image that was proven")
            if self.history.has_lost_every_seal and self._trust.proves(slot):
                raise Violation("I19", f"nothing is started, and slot {slot} holds an image that proves itself")
        if not self.history.is_damaged:
            raise Violation("I1", "nothing is started, and no slot holds an image")
        raise AtRest("no image is left to start")

    def confirmed(self) -> None:
        """The running image was told to be final, and that has returned."""
        self.history = self.history.with_confirmed(self._running)

    def deadline_passed(self) -> None:
        """The running image was stopped in its trial because the cloud was out of reach."""
        self.history = self.history.spoiled(self._running)

    def settled(self, cloud: CloudState) -> None:
        """Nothing is left to do: how every job ended, and what is left beside the images. I6, I18, I20, I21, I23."""
        self._trees.settled(self.history)
        patches.settled(self._content)
        if self.history.is_damaged:
            return
        if not self.history.may_have_counted(seen.fetched_bytes(self._content)):
            raise Violation("I20", f"{self.history.came_bytes} bytes came, and the account has another number")
        for execution in cloud.executions:
            if not execution.is_over:
                raise Violation("I6", f"{execution.job_id} is {execution.status} and nobody works on it")
        if self.history.crashes >= MAX_CRASHES and not cloud.told_of_fall_back:
            raise Violation("I18", f"{self.history.confirmed[-1]} was given up, and the cloud does not know")
        for execution in cloud.executions:
            if execution.ended_by_the_service:
                if not self._scenario.may_end_early:
                    raise Violation("I6", f"{execution.job_id} is {execution.status}")
            elif not job_ends.is_true(execution, self._offers[execution.job_id], cloud, self._scenario, self.history):
                raise Violation("I6", f"{execution.job_id} ended {execution.status}, {dict(execution.details)}")

    def _is_offered(self, name: str) -> bool:
        return any(offer.image.name == name for offer in self._offers.values())


def _other(copy: str) -> str:
    """The name of the other copy of the same value."""
    return copy[:-1] + str(1 - int(copy[-1]))


class ReportsConfirm(Progress):
    """Tells the oracle when a confirm has returned; all other progress is of no interest to it."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle

    def confirmed(self, slot: int) -> None:  # noqa: ARG002 - the oracle knows better which image runs
        """The confirm has returned."""
        self._oracle.confirmed()
