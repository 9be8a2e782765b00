"""Which name may have been meant: the remedy of an error that names something which is not there.

Looks only when there is such an error, at a bounded number of names, and says nothing if it may not look.
"""

import difflib
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from fota_operator.cloud import explaining
from fota_operator.errors import OperatorError

if TYPE_CHECKING:
    from fota_operator.cloud import Cloud

MAX_NAMES = 1000
"""No more names than that are read: a call for 250."""


def or_nearest(remedy: str, word: str, names: Callable[[], Iterable[str]]) -> str:
    """A remedy that asks for the nearest of the names; `remedy` if none is near, or if they cannot be read."""
    with suppress(OperatorError), explaining("look for a similar name"):
        lower = {name.lower(): name for name in islice(names(), MAX_NAMES)}
        close = difflib.get_close_matches(word.lower(), lower, n=1)
        if close:
            return f"did you mean {lower[close[0]]}?"
    return remedy


def thing_names(cloud: "Cloud") -> Iterable[str]:
    """The names of the things that are registered."""
    for page in cloud.iot.get_paginator("list_things").paginate(PaginationConfig={"PageSize": 250}):
        yield from (thing["thingName"] for thing in page.get("things", []))


def group_names(cloud: "Cloud") -> Iterable[str]:
    """The names of the thing groups."""
    for page in cloud.iot.get_paginator("list_thing_groups").paginate(PaginationConfig={"PageSize": 250}):
        yield from (group["groupName"] for group in page.get("thingGroups", []))


def job_ids(cloud: "Cloud") -> Iterable[str]:
    """The ids of the jobs, the newest first."""
    for page in cloud.iot.get_paginator("list_jobs").paginate(PaginationConfig={"PageSize": 250}):
        yield from (job["jobId"] for job in page.get("jobs", []))


def bucket_names(cloud: "Cloud") -> Iterable[str]:
    """The names of the buckets of the account."""
    return (bucket["Name"] for bucket in cloud.s3.list_buckets().get("Buckets", []))
