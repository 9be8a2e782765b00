"""A process that lists a fleet of a given size, for a test that measures its memory: `FORM COUNT`.

The index is made as it is asked for, a page at a time, and so are registry, group and shadows for the forms
`one-by-one` and `plan`; the latter plans a rollout to all of them, and keeps their names. What the command writes is
counted and dropped; stderr gets how many lines or things that were, and the peak of the resident memory in KiB.
"""

import io
import json
import resource
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from fota_operator.cli import running_things
from fota_operator.cloud import Access, Cloud, connect
from fota_operator.fleet import one_by_one, search
from fota_operator.fleet.distribution import Distribution
from fota_operator.fleet.read import BY_INDEX, ONE_BY_ONE, Fleet, FleetSource
from fota_operator.fleet.running import EVERYTHING
from fota_operator.rate_limiter import SystemClock
from fota_operator.rollouts.aws.targets import current_targets
from fota_operator.rollouts.decide.stages import planned, planned_cost
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, Plan, Targets
from tests.labs.strict_fleet import telling

_SHADOW = json.dumps({"name": {"fota": {"reported": telling(), "metadata": {}}}})


class CountedLines(io.StringIO):
    """Keeps nothing but how many lines were written."""

    lines = 0

    def write(self, text: str) -> int:
        """Count and drop."""
        self.lines += text.count("\n")
        return len(text)


def _pages(count: int) -> Any:
    def page(_: object, request: Mapping[str, Any]) -> dict[str, Any]:
        start = int(request.get("nextToken", "0"))
        end = min(start + request["maxResults"], count)
        things = [{"thingName": f"pump-{number}", "shadow": _SHADOW} for number in range(start, end)]
        return {"things": things} | ({"nextToken": str(end)} if end < count else {})

    return page


class Registry:
    """The clients of a registry of that many things, all in the group `all`."""

    def __init__(self, count: int) -> None:
        self._count = count

    def list_things(self, *, maxResults: int, nextToken: str = "0") -> dict[str, Any]:  # noqa: N803 - as boto3 has them
        """A page."""
        names, more = self._page(maxResults, nextToken)
        return {"things": [{"thingName": name, "attributes": {}} for name in names]} | more

    def get_paginator(self, _: str) -> Any:
        """Of the group."""
        return self

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        """Its pages."""
        for start in range(0, self._count, 250):
            yield {"things": self._page(250, str(start))[0]}

    def get_thing_shadow(self, **_: object) -> dict[str, Any]:
        """The same for each."""
        return {"payload": io.BytesIO(json.dumps({"state": {"reported": telling()}}).encode())}

    def _page(self, size: int, token: str) -> tuple[list[str], dict[str, str]]:
        start, end = int(token), min(int(token) + size, self._count)
        return [f"pump-{number:07}" for number in range(start, end)], {
            "nextToken": str(end)
        } if end < self._count else {}


def planned_things(cloud: Cloud) -> int:
    """Plan a rollout to all things of the group."""
    plan = Plan("all", "0" * 64, Targets(groups=("all",)), DEFAULT_STAGES)
    stages = planned(plan, current_targets(cloud, plan.targets))
    return planned_cost(plan, stages, 1).things


def main(form: str, count: int) -> None:
    """List them, and write what it took."""
    search._search = _pages(count)
    search.SEARCHES_PER_SECOND = one_by_one.SHADOWS_PER_SECOND = one_by_one.LISTS_PER_SECOND = 1e6
    cloud = connect(Access(region="eu-west-1", access_key_id="nobody", secret_access_key="nothing"))
    cloud.__dict__["iot"] = cloud.__dict__["iot_data"] = Registry(count)
    source = ONE_BY_ONE if form == "one-by-one" else BY_INDEX
    things = Fleet(cloud, FleetSource(source), SystemClock(), EVERYTHING).things()
    if form == "plan":
        shown = planned_things(cloud)
    elif form == "counts":
        counts = Distribution()
        for thing in things:
            counts.add(thing)
        shown = counts.things
    else:
        sys.stdout = lines = CountedLines()
        writers: dict[str, Any] = {
            "table": running_things.write_table,
            "csv": running_things.write_csv,
            "json": running_things.write_json,
            "one-by-one": running_things.write_csv,
        }
        writers[form](things)
        shown = lines.lines
    sys.stderr.write(f"{shown} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
