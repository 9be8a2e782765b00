"""The thing group of a stage that has more things than a job can name: made, filled, and deleted at the end.

A group and not several jobs: so AWS's own rate and abort rule hold for the whole stage, also when nobody watches.
Leaves to others: the job (`offer`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_ALREADY_EXISTS, IOT_NOT_FOUND, AlreadyThere, CloudRefused, TimedOut
from fota_operator.pace import REGISTRY_PER_SECOND, Clock, Pace
from fota_operator.rollouts.job_read import JobRead
from fota_operator.rollouts.targets import group_members
from fota_operator.rollouts.telling import Progress, Tell

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import TagTypeDef

_TOLD_EVERY = 25
_LOOKS = 30
_BETWEEN_LOOKS_S = 1.0


class StageGroup:
    """The group `name`, ours by its tags."""

    def __init__(self, cloud: Cloud, name: str, tags: Mapping[str, str], clock: Clock, tell: Tell) -> None:
        self._cloud = cloud
        self._name = name
        self._tags: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._clock = clock
        self._tell = tell

    def fill(self, things: frozenset[str]) -> frozenset[str]:
        """Make the group and let these be its things, no others. Goes on where it was interrupted.

        Returns those of them that are not registered any more. *Raises* AlreadyThere, TimedOut, CloudRefused.
        """
        self._make()
        members = group_members(self._cloud, self._name) or frozenset()
        self._each("remove", sorted(members - things), self._remove)
        gone = frozenset(self._each("add", sorted(things - members), self._add))
        if members != things - gone:
            self._wait_for(things - gone)
        return gone

    def _make(self) -> None:
        try:
            with explaining(f"make the thing group {self._name}"):
                # AWS answers as if it had made it, if one is there with the same tags.
                self._cloud.iot.create_thing_group(thingGroupName=self._name, tags=self._tags)
        except CloudRefused as error:
            if error.code == IOT_ALREADY_EXISTS:
                raise AlreadyThere(
                    f"there is a thing group {self._name} that was not made for this rollout",
                    "choose another name for the rollout",
                ) from error
            raise

    def _each(self, verb: str, things: list[str], change: Callable[[str], bool]) -> Iterable[str]:
        """Change each; those that were not there."""
        pace = Pace(REGISTRY_PER_SECOND, self._clock)
        absent = []
        for done, thing in enumerate(things, start=1):
            pace.wait()
            if not change(thing):
                absent.append(thing)
            if done % _TOLD_EVERY == 0 or done == len(things):
                self._tell(Progress(f"{verb} things, group {self._name}", done, len(things)))
        return absent

    def _add(self, thing: str) -> bool:
        try:
            with explaining(f"add {thing} to the thing group {self._name}"):
                self._cloud.iot.add_thing_to_thing_group(thingGroupName=self._name, thingName=thing)
        except CloudRefused as error:
            if error.code == IOT_NOT_FOUND:
                return False
            raise
        return True

    def _remove(self, thing: str) -> bool:
        try:
            with explaining(f"remove {thing} from the thing group {self._name}"):
                self._cloud.iot.remove_thing_from_thing_group(thingGroupName=self._name, thingName=thing)
        except CloudRefused as error:
            if error.code == IOT_NOT_FOUND:
                return False
            raise
        return True

    def _wait_for(self, things: frozenset[str]) -> None:
        """A job sees the group as it is listed, which follows a change by seconds."""
        for _ in range(_LOOKS):
            if group_members(self._cloud, self._name) == things:
                return
            self._clock.sleep(_BETWEEN_LOOKS_S)
        raise TimedOut(
            f"the thing group {self._name} does not show what was put into it",
            "run this again; if it stays so, see who else changes that group",
        )


def delete_groups(cloud: Cloud, jobs: Iterable[JobRead]) -> None:
    """Delete the groups of jobs of which nothing can change any more. *Raises* CloudRefused."""
    for job in jobs:
        if job.group == job.job_id and job.final:
            with explaining(f"delete the thing group {job.group}"):
                cloud.iot.delete_thing_group(thingGroupName=job.group)
