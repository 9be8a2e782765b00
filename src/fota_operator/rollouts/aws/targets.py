"""Finds the things that a plan aims at now: those it names, and the members of its groups. Changes nothing.

Leaves to others: the order and the share of each stage (`stages`).
"""

from __future__ import annotations

from collections.abc import Iterable

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_NOT_FOUND, CloudRefused, NotFound
from fota_operator.nearest import group_names, or_nearest
from fota_operator.rate_limiter import REGISTRY_PER_SECOND, RateLimiter, WallClock
from fota_operator.rollouts.plan.model import Targets
from fota_operator.things.things import thing_arn

PAGE_SIZE = 250


def current_targets(cloud: Cloud, targets: Targets) -> frozenset[str]:
    """The things that are targets now, before the plan's share. *Raises* NotFound for a group, CloudRefused.

    Whether the named things are there is not asked: see `missing_things`.
    """
    things = set(targets.things)
    for group in targets.groups:
        members = group_members(cloud, group)
        if members is None:
            raise no_group(cloud, group)
        things.update(members)
    return frozenset(things)


def no_group(cloud: Cloud, group: str) -> NotFound:
    """The error for a group that does not exist."""
    return NotFound(
        f"there is no thing group {group} in {cloud.region}",
        or_nearest("look at its name and the region", group, lambda: group_names(cloud)),
    )


def group_members(cloud: Cloud, group: str) -> frozenset[str] | None:
    """The things of a group and of the groups in it; None if there is no such group. *Raises* CloudRefused."""
    try:
        with explaining(f"list the things of the group {group}"):
            pages = cloud.iot.get_paginator("list_things_in_thing_group").paginate(
                thingGroupName=group, recursive=True, PaginationConfig={"PageSize": PAGE_SIZE}
            )
            return frozenset(thing for page in pages for thing in page.get("things", []))
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            return None
        raise


def missing_things(cloud: Cloud, things: Iterable[str], clock: WallClock) -> tuple[str, ...]:
    """Those things that are not registered. Costs a call for each. *Raises* BadInput, CloudRefused."""
    pace = RateLimiter(REGISTRY_PER_SECOND, clock)
    missing = []
    for thing in things:
        pace.wait()
        if thing_arn(cloud, thing) is None:
            missing.append(thing)
    return tuple(missing)
