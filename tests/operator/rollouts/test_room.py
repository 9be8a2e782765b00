"""A thing may be in ten groups: the eleventh stage finds room, or does without a group for that thing."""

from collections import defaultdict
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from fota_operator.errors import BadInput, CloudRefused
from fota_operator.rollouts.aws.jobs import JobRead, things_of
from fota_operator.rollouts.aws.progress import silent
from fota_operator.rollouts.aws.stage_group import StageGroup
from tests.labs.fleet_clock import FleetClock

NEW = "fota-new-1"


class Registry:
    """The groups and jobs of AWS IoT, with its quota: a thing is in ten groups at most."""

    def __init__(self) -> None:
        self.groups: dict[str, set[str]] = defaultdict(set)
        self.jobs: dict[str, str] = {}
        self.answers: dict[tuple[str, str], str] = {}

    def ended_rollouts(self, thing: str, count: int, status: str, job_status: str = "IN_PROGRESS") -> None:
        for number in range(count):
            name = f"fota-old{number}-1"
            self.groups[name].add(thing)
            self.jobs[name] = job_status
            self.answers[name, thing] = status

    def create_thing_group(self, thingGroupName: str, **_: object) -> None:  # noqa: N803 - as boto3 calls it
        self.groups[thingGroupName]

    def add_thing_to_thing_group(self, thingGroupName: str, thingName: str) -> None:  # noqa: N803
        if sum(thingName in members for members in self.groups.values()) >= 10:
            raise refused("InvalidRequestException")
        if thingName == "malformed":
            raise refused("InvalidRequestException")
        self.groups[thingGroupName].add(thingName)

    def remove_thing_from_thing_group(self, thingGroupName: str, thingName: str) -> None:  # noqa: N803
        self.groups[thingGroupName].discard(thingName)

    def describe_job(self, jobId: str) -> dict[str, object]:  # noqa: N803
        if jobId not in self.jobs:
            raise refused("ResourceNotFoundException")
        return {"job": {"status": self.jobs[jobId], "targets": [f"arn:aws:iot:r:1:thinggroup/{jobId}"]}}

    def get_paginator(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=getattr(self, f"_{name}"))

    def _list_things_in_thing_group(self, thingGroupName: str, **_: object) -> list[object]:  # noqa: N803
        return [{"things": sorted(self.groups[thingGroupName])}]

    def _list_thing_groups_for_thing(self, thingName: str) -> list[object]:  # noqa: N803
        return [{"thingGroups": [{"groupName": name} for name, ones in self.groups.items() if thingName in ones]}]

    def _list_job_executions_for_thing(self, thingName: str, jobId: str, **_: object) -> list[object]:  # noqa: N803
        status = self.answers.get((jobId, thingName))
        summary = {"jobId": jobId, "jobExecutionSummary": {"status": status, "executionNumber": 1}}
        return [{"executionSummaries": [] if status is None else [summary]}]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AddThingToThingGroup")


@pytest.fixture
def registry() -> Registry:
    return Registry()


def filled(registry: Registry, *things: str) -> StageGroup:
    cloud = SimpleNamespace(iot=registry, region="eu-west-1")
    group = StageGroup(cloud, NEW, {}, FleetClock(lambda: None), silent)  # type: ignore[arg-type]
    assert group.fill(frozenset(things)) == frozenset()
    return group


@pytest.mark.parametrize(
    ("status", "job_status"),
    [("SUCCEEDED", "IN_PROGRESS"), ("REJECTED", "IN_PROGRESS"), ("FAILED", "COMPLETED"), ("CANCELED", "CANCELED")],
)
def test_a_thing_leaves_the_groups_of_stages_that_it_has_answered(
    registry: Registry, status: str, job_status: str
) -> None:
    registry.ended_rollouts("pump-1", 10, status, job_status)
    assert filled(registry, "pump-1", "pump-2").outside == []
    assert registry.groups[NEW] == {"pump-1", "pump-2"}
    assert [name for name, ones in registry.groups.items() if "pump-1" in ones] == [NEW]


@pytest.mark.parametrize("status", ["QUEUED", "IN_PROGRESS", "FAILED", "TIMED_OUT"])
def test_a_thing_whose_answers_are_awaited_stays_there_and_is_named_by_the_job(
    registry: Registry, status: str
) -> None:
    registry.ended_rollouts("pump-1", 10, status)
    assert filled(registry, "pump-1", "pump-2").outside == ["pump-1"]
    assert registry.groups[NEW] == {"pump-2"}
    assert sum("pump-1" in ones for ones in registry.groups.values()) == 10


def test_groups_of_people_are_never_left_even_if_their_names_begin_like_ours(registry: Registry) -> None:
    for number in range(10):
        registry.groups[f"fota-hall-{number}"].add("pump-1")
    assert filled(registry, "pump-1", "pump-2").outside == ["pump-1"]


def test_another_refusal_is_told_as_it_is(registry: Registry) -> None:
    with pytest.raises(CloudRefused):
        filled(registry, "malformed")


def test_more_things_without_room_than_a_job_can_name_end_it_in_words(registry: Registry) -> None:
    things = [f"pump-{number}" for number in range(100)]
    for thing in things:
        registry.ended_rollouts(thing, 10, "QUEUED")
    with pytest.raises(BadInput, match=r"100 things are in 10 thing groups already.*pump-\d+ is in fota-old0-1, "):
        filled(registry, *things)


def test_the_things_of_a_job_are_those_of_its_group_and_those_that_it_names(registry: Registry) -> None:
    registry.groups[NEW] = {"pump-2"}
    job = JobRead(NEW, "arn", "IN_PROGRESS", None, None, {}, ("pump-1",), NEW, None)  # type: ignore[arg-type]
    assert things_of(SimpleNamespace(iot=registry), job) == {"pump-1", "pump-2"}  # type: ignore[arg-type]
