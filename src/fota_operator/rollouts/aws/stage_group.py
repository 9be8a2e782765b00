"""The thing group of a stage that has more things than a job can name: made, filled, and deleted at the end.

A group, not several jobs, lets AWS's rate and abort rule apply to the whole stage, even if nobody watches.
Leaves to others: the job (`make_job`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_ALREADY_EXISTS, IOT_NOT_FOUND, AlreadyThere, BadInput, CloudRefused, TimedOut
from fota_operator.jobs.limits import MAX_TARGETS
from fota_operator.rate_limiter import REGISTRY_PER_SECOND, RateLimiter, WallClock
from fota_operator.rollouts.aws.jobs import JobRead
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress
from fota_operator.rollouts.aws.room import MAX_GROUPS, groups_of, leave_answered
from fota_operator.rollouts.aws.targets import group_members

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import TagTypeDef

_NO_ROOM = ("InvalidRequestException", "LimitExceededException")
"""The codes with which AWS refuses an eleventh group of a thing, and other things too."""
_TOLD_EVERY = 25
_LOOKS = 30
_BETWEEN_LOOKS_S = 1.0


class StageGroup:
    """The group `name`, which our tags mark."""

    def __init__(
        self, cloud: Cloud, name: str, tags: Mapping[str, str], clock: WallClock, on_progress: OnProgress
    ) -> None:
        self._cloud = cloud
        self._name = name
        self._tags: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._clock = clock
        self._on_progress = on_progress
        self.outside: list[str] = []
        """Things that are in as many groups as AWS allows: the job must name them itself."""

    def fill(self, things: frozenset[str]) -> frozenset[str]:
        """Make the group and let these be its things, no others. Goes on where it was interrupted.

        Returns those of them that are not registered any more; `outside` are those that no group takes any more.
        *Raises* AlreadyThere, TimedOut, CloudRefused.
        """
        self._make()
        members = group_members(self._cloud, self._name) or frozenset()
        self._each("remove", sorted(members - things), self._remove)
        gone = frozenset(self._each("add", sorted(things - members), self._add))
        inside = things - gone - frozenset(self.outside)
        if members != inside:
            self._wait_for(inside)
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
        """Change the membership of each thing; returns the things that do not exist."""
        pace = RateLimiter(REGISTRY_PER_SECOND, self._clock)
        absent = []
        for done, thing in enumerate(things, start=1):
            pace.wait()
            if not change(thing):
                absent.append(thing)
            if done % _TOLD_EVERY == 0 or done == len(things):
                self._on_progress(RolloutProgress(f"{verb} things, group {self._name}", done, len(things)))
        return absent

    def _add(self, thing: str) -> bool:
        try:
            with explaining(f"add {thing} to the thing group {self._name}"):
                self._cloud.iot.add_thing_to_thing_group(thingGroupName=self._name, thingName=thing)
        except CloudRefused as error:
            if error.code == IOT_NOT_FOUND:
                return False
            if error.code not in _NO_ROOM:
                raise
            self._add_where_no_room_was(thing, error)
        return True

    def _add_where_no_room_was(self, thing: str, refused: CloudRefused) -> None:
        groups = groups_of(self._cloud, thing)
        if len(groups) < MAX_GROUPS:
            raise refused
        if not leave_answered(self._cloud, thing, groups, self._name):
            self.outside.append(thing)
            self._require_few_outside(groups)
            return
        with explaining(f"add {thing} to the thing group {self._name}"):
            self._cloud.iot.add_thing_to_thing_group(thingGroupName=self._name, thingName=thing)

    def _require_few_outside(self, groups: tuple[str, ...]) -> None:
        if len(self.outside) >= MAX_TARGETS:
            raise BadInput(
                f"{len(self.outside)} things are in {MAX_GROUPS} thing groups already, as many as AWS allows: "
                f"{self.outside[-1]} is in {', '.join(groups)}",
                "take them out of groups that nobody needs, and run this again",
            )

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
        """Wait until the group's list shows the change, which takes seconds: a job sees the group as listed."""
        for _ in range(_LOOKS):
            if group_members(self._cloud, self._name) == things:
                return
            self._clock.sleep(_BETWEEN_LOOKS_S)
        raise TimedOut(
            f"the thing group {self._name} does not show what was put into it",
            "run this again; if it stays so, see who else changes that group",
        )


def delete_groups(cloud: Cloud, jobs: Iterable[JobRead]) -> None:
    """Delete the groups of jobs that cannot change any more. *Raises* CloudRefused."""
    for job in jobs:
        if job.group == job.job_id and job.final:
            with explaining(f"delete the thing group {job.group}"):
                cloud.iot.delete_thing_group(thingGroupName=job.group)
