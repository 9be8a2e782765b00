"""Why things did not take the release, by reason. Asks AWS about a limited number of them.

Leaves to others: what the reasons mean (`explain`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from fota_operator.cloud import Cloud
from fota_operator.jobs.deferrals import DEFERRED_TOO_LONG
from fota_operator.jobs.progress import FAILURES, ExecutionStatus, with_details
from fota_operator.rollouts.aws.jobs import JobRead, newest_executions
from fota_operator.rollouts.decide.status import Failures

MAX_ASKED = 25
"""The limit for each stage: a bad release fails everywhere for the same few reasons."""
NO_REASON = "none-given"
TIMED_OUT = "timed-out"
_UNLISTED = "(not listed)"
NOT_ASKED = "not-asked"
"""The reason given for the failures beyond MAX_ASKED. Jobs with these alone are not even listed."""


class _Kind(NamedTuple):
    """What failures have in common that are counted together."""

    status: str
    reason: str
    said: tuple[str | None, str | None, str | None]


class FailureReader:
    """Reads failures and remembers them: a failure does not change."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._listed: dict[str, tuple[tuple[int, ...], list[ExecutionStatus]]] = {}
        self._asked: dict[tuple[str, str, int], ExecutionStatus] = {}

    def read(self, stage: str, jobs: Sequence[JobRead]) -> tuple[Failures, ...]:
        """The failures of a stage, most frequent first. *Raises* CloudRefused."""
        groups: dict[_Kind, list[ExecutionStatus]] = {}
        asked = 0
        unlisted: Counter[str] = Counter()
        for job in jobs:
            if asked >= MAX_ASKED:
                unlisted.update({status: job.counts[status] for status in FAILURES if job.counts[status]})
                continue
            for one in self._failed(job):
                known = self._with_reason(job, one) if asked < MAX_ASKED else None
                asked += 1
                groups.setdefault(_kind(one, known), []).append(known or one)
        failures = [
            Failures(stage, kind.status, kind.reason, len(ones), ones[0].thing, ones[0].message, *kind.said)
            for kind, ones in groups.items()
        ]
        return tuple(sorted(_with(failures, stage, unlisted), key=lambda one: (-one.count, one.status, one.reason)))

    def _failed(self, job: JobRead) -> list[ExecutionStatus]:
        """The newest executions that failed, in the order in which they did."""
        counts = tuple(job.counts[status] for status in FAILURES)
        if not any(counts):
            return []
        known = self._listed.get(job.job_id)
        if known is None or known[0] != counts:
            newest = newest_executions(self._cloud, job.job_id).values()
            failed = [one for one in newest if one.status in FAILURES]
            failed.sort(key=lambda one: (str(one.last_updated_at), one.thing))
            known = self._listed[job.job_id] = (counts, failed)
        return known[1]

    def _with_reason(self, job: JobRead, one: ExecutionStatus) -> ExecutionStatus:
        key = (job.job_id, one.thing, one.execution_number)
        if key not in self._asked:
            self._asked[key] = with_details(self._cloud, job.job_id, one)
        return self._asked[key]


def _with(failures: Sequence[Failures], stage: str, unlisted: Mapping[str, int]) -> Iterator[Failures]:
    """The failures, and how many more there are by AWS's counts; an example of these is not known."""
    left = dict(unlisted)
    for one in failures:
        more = left.pop(one.status, 0) if one.reason == NOT_ASKED else 0
        yield replace(one, count=one.count + more)
    for status, count in left.items():
        yield Failures(stage, status, TIMED_OUT if status == "TIMED_OUT" else NOT_ASKED, count, _UNLISTED)


def _kind(one: ExecutionStatus, known: ExecutionStatus | None) -> _Kind:
    return _Kind(one.status, _reason(one, known), (known or one).evidence)


def _reason(one: ExecutionStatus, known: ExecutionStatus | None) -> str:
    if one.status == "TIMED_OUT":
        return DEFERRED_TOO_LONG if known is not None and known.reason == DEFERRED_TOO_LONG else TIMED_OUT
    if known is None:
        return NOT_ASKED
    return known.reason or NO_REASON
