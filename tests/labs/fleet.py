"""Things that take their jobs as devices do, by a script: no program, no image, but every word to AWS is real.

Each asks the data plane of AWS IoT Jobs for its next job and reports how it ended, as hundreds of devices at once.
Leaves to others: what a device does with an image (`aws.iot`), and when the things get a turn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws

if TYPE_CHECKING:
    from mypy_boto3_iot_jobs_data import IoTJobsDataPlaneClient

_AT_ONCE = 4


@dataclass(frozen=True)
class Ends:
    """How a thing ends a job that it took. `status` None: it takes the job, and is not heard of again."""

    status: str | None
    details: Mapping[str, str] = field(default_factory=dict)


SUCCEEDS = Ends("SUCCEEDED", {"slot": "1"})
HANGS = Ends(None)


def fails(reason: str, message: str = "") -> Ends:
    """It tries, and cannot."""
    return Ends("FAILED", {"reason": reason} | ({"message": message} if message else {}))


def rejects(reason: str) -> Ends:
    """It will not."""
    return Ends("REJECTED", {"reason": reason})


Script = Callable[[str, dict[str, object]], Ends]
"""How a thing, by its name, ends a job, by its document."""


def every_one_succeeds(thing: str, document: dict[str, object]) -> Ends:
    """The script of a good release."""
    return SUCCEEDS


@dataclass
class Taken:
    """A job that a thing took and has not ended."""

    thing: str
    job_id: str
    document: dict[str, object]


class Fleet:
    """Registered things and what they do.

    `offline` are those that ask for nothing; `offered` is which jobs each was given, in order; `hanging` what was
    taken and not ended; `ended` those that ended a job, and ask for no other until they are taken out of it.
    """

    def __init__(self, local: LocalAws, names: Iterable[str], script: Script = every_one_succeeds) -> None:
        self.names = tuple(names)
        self.script = script
        self.offline: set[str] = set()
        self.ended: set[str] = set()
        self.offered: dict[str, list[str]] = {name: [] for name in self.names}
        self.hanging: list[Taken] = []
        self.most_a_turn = float("inf")
        """How many things take a job in one turn."""
        self._environment = local.environment()

    def register(self, cloud: Cloud) -> Fleet:
        """Make the things: names in the registry, without a certificate."""
        with ThreadPoolExecutor(_AT_ONCE) as workers:
            list(workers.map(lambda name: cloud.iot.create_thing(thingName=name), self.names))
        return self

    def turn(self) -> Counter[str]:
        """Every thing that has a job to expect asks once for it, then every one that got one ends it.

        Returns how many ended it how; those that took theirs and are silent count as IN_PROGRESS.
        """
        data_plane = self._data_plane()
        try:
            with ThreadPoolExecutor(_AT_ONCE) as workers:
                silent = self.offline | self.ended | {one.thing for one in self.hanging}
                asking = [name for name in self.names if name not in silent]
                taken: list[Taken] = []
                while asking and len(taken) < self.most_a_turn:
                    some = int(min(len(asking), self.most_a_turn - len(taken) + 1))
                    asked = list(workers.map(lambda name: _take(data_plane, name), asking[:some]))
                    taken += [one for one in asked if one is not None]
                    del asking[:some]
                return Counter(workers.map(lambda one: self._end(data_plane, one), taken))
        finally:
            data_plane.close()

    def wake(self, ends: Ends = SUCCEEDS) -> list[str]:
        """What fell silent ends its job after all. Returns what AWS said to each: "" or the code of an error."""
        data_plane = self._data_plane()
        try:
            answers = [_report(data_plane, one, ends) for one in self.hanging]
        finally:
            data_plane.close()
        self.ended.update(one.thing for one in self.hanging)
        self.hanging.clear()
        return answers

    @property
    def reached(self) -> set[str]:
        """The things that were given any job."""
        return {name for name, jobs in self.offered.items() if jobs}

    def _end(self, data_plane: IoTJobsDataPlaneClient, taken: Taken) -> str:
        self.offered[taken.thing].append(taken.job_id)
        ends = self.script(taken.thing, taken.document)
        if ends.status is None:
            self.hanging.append(taken)
            return "IN_PROGRESS"
        self.ended.add(taken.thing)
        return _report(data_plane, taken, ends) or ends.status

    def _data_plane(self) -> IoTJobsDataPlaneClient:
        return boto3.client(
            "iot-jobs-data",
            endpoint_url=self._environment["AWS_ENDPOINT_URL"],
            verify=self._environment["AWS_CA_BUNDLE"],
            region_name=self._environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=self._environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._environment["AWS_SECRET_ACCESS_KEY"],
        )


def _take(data_plane: IoTJobsDataPlaneClient, thing: str) -> Taken | None:
    # The stubs promise an execution; AWS leaves it out when there is none.
    answer: Mapping[str, Any] = data_plane.start_next_pending_job_execution(thingName=thing)
    execution = answer.get("execution")
    if execution is None:
        return None
    return Taken(thing, execution["jobId"], json.loads(execution["jobDocument"]))


def _report(data_plane: IoTJobsDataPlaneClient, taken: Taken, ends: Ends) -> str:
    """What AWS says to it: "" if it took it, else the code of its error."""
    try:
        data_plane.update_job_execution(
            jobId=taken.job_id,
            thingName=taken.thing,
            status=ends.status or "IN_PROGRESS",  # type: ignore[arg-type]
            statusDetails=dict(ends.details),
        )
    except data_plane.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
