"""Makes room for a thing in one more group: AWS lets a thing be in ten of them.

A stage's group stays while one of its things has not answered. The others have answered: their executions have ended,
and leaving the group changes nothing for them.
AWS: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html (thing group quotas)
"""

from __future__ import annotations

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_NOT_FOUND, CloudRefused
from fota_operator.jobs.look_up import look_up_job
from fota_operator.jobs.progress import RUNNING, executions_of_thing

MAX_GROUPS = 10
_PREFIX = "fota-"
_ANSWERS = ("SUCCEEDED", "REJECTED", "CANCELED", "REMOVED")
"""The statuses that AWS does not follow by another try of the same job."""


def groups_of(cloud: Cloud, thing: str) -> tuple[str, ...]:
    """The groups that a thing is in itself. *Raises* CloudRefused."""
    with explaining(f"list the groups of {thing}"):
        pages = cloud.iot.get_paginator("list_thing_groups_for_thing").paginate(thingName=thing)
        return tuple(one["groupName"] for page in pages for one in page.get("thingGroups", []))


def leave_answered(cloud: Cloud, thing: str, groups: tuple[str, ...], keep: str) -> bool:
    """Take a thing out of those groups of stages, but `keep`, whose job it has answered. Says whether it left one.

    *Raises* CloudRefused.
    """
    left = False
    for group in groups:
        if group != keep and group.startswith(_PREFIX) and _has_answered(cloud, thing, group):
            _leave(cloud, thing, group)
            left = True
    return left


def _has_answered(cloud: Cloud, thing: str, group: str) -> bool:
    """Whether the group is that of a stage, and its job does not need the thing any more."""
    job = look_up_job(cloud, group)
    if job is None or not any(arn.endswith(f":thinggroup/{group}") for arn in job.get("targets", [])):
        # It is no group of ours, whatever its name: the group of a stage has the name of its job.
        return False
    found = [one for _, one in executions_of_thing(cloud, thing, group)]
    if any(one.pending for one in found):
        return False
    if job["status"] not in RUNNING:
        return True
    newest = max(found, key=lambda one: one.execution_number, default=None)
    return newest is not None and newest.status in _ANSWERS


def _leave(cloud: Cloud, thing: str, group: str) -> None:
    try:
        with explaining(f"remove {thing} from the thing group {group}"):
            cloud.iot.remove_thing_from_thing_group(thingGroupName=group, thingName=thing)
    except CloudRefused as error:
        if error.code != IOT_NOT_FOUND:
            raise
