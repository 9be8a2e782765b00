"""A process that lists a fleet of a given size, for a test that measures its memory: `FORM COUNT`.

The index is made as it is asked for, a page at a time. What the command writes is counted and dropped; stderr gets
how many lines or things that were, and the peak of the resident memory in KiB.
"""

import io
import json
import resource
import sys
from collections.abc import Mapping
from typing import Any

from fota_operator.cli import running_things
from fota_operator.cloud import Access, connect
from fota_operator.fleet import search
from fota_operator.fleet.distribution import Distribution
from fota_operator.fleet.read import BY_INDEX, Fleet, FleetSource
from fota_operator.fleet.running import EVERYTHING
from fota_operator.rate_limiter import SystemClock
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


def main(form: str, count: int) -> None:
    """List them, and write what it took."""
    search._search = _pages(count)
    search.SEARCHES_PER_SECOND = 1e6
    cloud = connect(Access(region="eu-west-1", access_key_id="nobody", secret_access_key="nothing"))
    things = Fleet(cloud, FleetSource(BY_INDEX), SystemClock(), EVERYTHING).things()
    if form == "counts":
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
        }
        writers[form](things)
        shown = lines.lines
    sys.stderr.write(f"{shown} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
