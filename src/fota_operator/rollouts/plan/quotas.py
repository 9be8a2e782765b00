"""What AWS allows a whole account in a Region, how much of it a rollout takes, and what follows for its jobs. Pure.

Read on 30 November 2026: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html (Jobs quotas)
Leaves to others: making jobs (`make_job`), money (`prices`), what a rollout costs (`cost`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fota_operator.errors import BadInput
from fota_operator.jobs.limits import MAX_TARGETS

WRITES_PER_SECOND = 200
"""StartNextPendingJobExecution and UpdateJobExecution together, of all devices. AWS does not raise it."""
READS_PER_SECOND = 200
"""DescribeJobExecution and GetPendingJobExecutions together, of all devices. AWS does not raise it."""
CALLS_PER_SECOND = 10
"""CreateJob, DescribeJob, CancelJob, ListJobExecutionsForJob: each of them."""
MAX_JOBS_AT_ONCE = 500
"""How many jobs roll out at the same time."""
MAX_RATE_OF_A_JOB = 1000
"""How many things a minute one job is offered to."""
# AWS IoT Core: https://docs.aws.amazon.com/general/latest/gr/iot-core.html; AWS raises both on request.
SHADOWS_PER_SECOND = 400
"""Reads and writes of all shadows together, in a small Region; 4,000 in a large one."""
SUBSCRIPTIONS_PER_SECOND = 500
"""Filters in the SUBSCRIBEs of all devices together."""

COMMAND_PER_SECOND = 5
"""How many of them the command makes: half of what AWS allows, others work in the account too."""
MAX_READ_AGAIN = 50
"""How many jobs that are known already are read again at one look: those that were not read for longest."""
SHARE = 0.75
"""The part of what devices may write and read that a rollout plans with: the rest is for what else is done."""
JOBS_AT_ONCE = MAX_JOBS_AT_ONCE // 2
"""How many jobs of one stage roll out at the same time."""
READS_OF_AN_UPDATE = 4
WRITES_OF_AN_UPDATE = 3
"""Those of a device in one update, without its reports of progress."""
SHADOW_WRITES_OF_AN_UPDATE = 2
FILTERS_OF_AN_UPDATE = 20
"""The most of one update: MQTT closed during the download, a health check. `sweeps.faults.messages` counts them."""
MAX_RATE_PER_MINUTE = int(
    min(WRITES_PER_SECOND / WRITES_OF_AN_UPDATE, READS_PER_SECOND / READS_OF_AN_UPDATE) * SHARE * 60
)
"""At this rate devices read as often as a rollout plans with."""

MAX_REPORTS = 20
"""How many reports of progress a device sends in one update if nobody tells it another number."""
_FEW_REPORTS = 3
"""With fewer than these a device's progress says little: then fewer devices send this many."""


@dataclass(frozen=True)
class ProgressReports:
    """`reports`: how many a device sends at most in one update; `share`: how many percent of the devices send any.

    *Raises* BadInput for numbers that a job document cannot have.
    """

    reports: int = MAX_REPORTS
    share: int = 100

    def __post_init__(self) -> None:
        if type(self.reports) is not int or not 0 <= self.reports <= MAX_REPORTS:
            raise BadInput(f"reports: expected 0 to {MAX_REPORTS}, got {self.reports!r}", "choose one of them")
        if type(self.share) is not int or not 1 <= self.share <= 100:
            raise BadInput(f"share: expected 1 to 100 percent, got {self.share!r}", "choose one of them")

    @property
    def of_a_device(self) -> float:
        """How many reports a device sends in one update at most, on the average of all devices."""
        return self.reports * self.share / 100


def progress_reports(rate_per_minute: int, things: int) -> ProgressReports:
    """What a rollout at that rate has room for, beside the writes that no device can leave out.

    Fewer things than the rate cannot update faster than all in one minute.
    """
    per_second = max(1, min(rate_per_minute, things)) / 60
    room = WRITES_PER_SECOND * SHARE / per_second - WRITES_OF_AN_UPDATE
    if room >= _FEW_REPORTS:
        return ProgressReports(min(MAX_REPORTS, math.floor(room)))
    share = math.floor(max(0.0, room) / _FEW_REPORTS * 100)
    return ProgressReports(_FEW_REPORTS, share) if share else ProgressReports(0)


_NEARLY = 0.9
"""This part of a rate is taken for all of it."""


@dataclass(frozen=True)
class JobSplit:
    """The jobs of a stage: `count` in all, `at_once` of them roll out together, each at `rate_per_minute`."""

    count: int
    at_once: int
    rate_per_minute: int

    @property
    def minutes(self) -> float:
        """How long one job takes to be offered to all of its things."""
        return MAX_TARGETS / self.rate_per_minute


def jobs_for(things: int, rate_per_minute: int) -> JobSplit:
    """The jobs that offer a release to that many things, at that rate for all of them together.

    A job names at most MAX_TARGETS things; those that roll out together share the rate.
    """
    count = max(1, math.ceil(things / MAX_TARGETS))
    most = min(count, JOBS_AT_ONCE, rate_per_minute)
    # AWS's rate is a whole number: where that loses much, fewer jobs at the next higher one come closer to the rate.
    fewer = rate_per_minute // math.ceil(rate_per_minute / most)
    at_once = most if most * (rate_per_minute // most) >= _NEARLY * rate_per_minute else fewer
    return JobSplit(count, at_once, min(MAX_RATE_OF_A_JOB, rate_per_minute // at_once))
