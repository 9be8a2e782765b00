"""Updates that devices put off: read from what they say, counted by reason, told to people and to programs."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fota_operator.cli.explain import story_as_json
from fota_operator.cli.job_status import deferred_lines, describe_details, job_as_json
from fota_operator.cloud import Cloud
from fota_operator.images.image import Image
from fota_operator.jobs.deferrals import (
    MAX_KINDS,
    TIMED_OUT,
    CountedDeferrals,
    SaidDeferral,
    counted,
    deferral_in,
    told_meaning,
)
from fota_operator.jobs.explain import explain
from fota_operator.jobs.progress import ExecutionStatus, job_status, watch_job
from fota_operator.jobs.start import StartRequest, start_job
from tests.labs.device_side import DeviceSide
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
DETAILS = {"step": "deferred", "moment": "restart", "reason": "battery low", "again_at": str(int(NOON.timestamp()))}
LOW = SaidDeferral("restart", "battery low", NOON)


def said(*reasons: str | None, moment: str = "download") -> list[tuple[str, datetime | None, SaidDeferral | None]]:
    """What things t0, t1 … say, queued a minute after each other; None: it puts nothing off."""
    return [
        (f"t{n}", NOON + timedelta(minutes=n), None if reason is None else SaidDeferral(moment, reason, None))
        for n, reason in enumerate(reasons)
    ]


# What a device says.


def test_a_deferral_is_read_from_the_details_of_an_execution_in_progress() -> None:
    assert deferral_in("IN_PROGRESS", DETAILS) == LOW
    assert ExecutionStatus("t", "IN_PROGRESS", 1, DETAILS).deferral == LOW


@pytest.mark.parametrize(
    ("status", "details"),
    [
        ("SUCCEEDED", DETAILS),
        ("TIMED_OUT", DETAILS),
        ("IN_PROGRESS", {"step": "waiting-for-restart"}),
        ("QUEUED", {}),
    ],
)
def test_nothing_else_is_a_deferral(status: str, details: dict[str, str]) -> None:
    assert deferral_in(status, details) is None


@given(st.text(max_size=20))
def test_a_time_that_makes_no_sense_is_no_time(text: str) -> None:
    found = deferral_in("IN_PROGRESS", DETAILS | {"again_at": text})
    assert found is not None
    if found.again_at is not None:
        assert found.again_at == datetime.fromtimestamp(int(text), timezone.utc)


@pytest.mark.parametrize("text", ["", "-1", "1e9", "soon", "9" * 12, "١٢"])
def test_these_are_no_times(text: str) -> None:
    assert deferral_in("IN_PROGRESS", DETAILS | {"again_at": text}) == SaidDeferral("restart", "battery low", None)


def test_a_deferral_in_words_says_before_what_and_until_when() -> None:
    words = describe_details(ExecutionStatus("t", "IN_PROGRESS", 1, DETAILS))
    assert words == "put off before the restart; it asks its program again at 2026-01-02 12:00:00 UTC"


@pytest.mark.parametrize(
    ("details", "begins"),
    [
        (DETAILS, "the image is installed and verified"),
        (DETAILS | {"moment": "download"}, "the device puts the update off, and has downloaded nothing"),
        (DETAILS | {"moment": "tea"}, "the device puts the update off"),
        ({"step": "download"}, "the device is working on the job"),
    ],
)
def test_what_a_deferral_means(details: dict[str, str], begins: str) -> None:
    assert told_meaning("IN_PROGRESS", details).when.startswith(begins)


def test_a_time_out_while_it_was_put_off_is_told_as_that() -> None:
    assert told_meaning("TIMED_OUT", DETAILS) == TIMED_OUT
    assert "did not end it" in told_meaning("TIMED_OUT", {"step": "download"}).when


# Counted.


def test_reasons_are_counted_and_the_most_frequent_comes_first() -> None:
    found = counted(said("night", None, "battery", "battery"), 4, None)
    assert found is not None
    assert (found.count, found.looked_at, found.in_progress) == (3, 4, 4)
    assert [(kind.reason, kind.count, kind.example) for kind in found.kinds] == [
        ("battery", 2, "t2"), ("night", 1, "t0"),
    ]  # fmt: skip


def test_none_of_them_is_none() -> None:
    assert counted(said(None, None), 2, None) is None
    assert counted([], 0, 60) is None


def test_the_last_one_must_have_begun_when_its_time_is_over() -> None:
    found = counted(said("a", "a", None), 3, 3_600)
    assert found is not None
    assert found.last_at == NOON + timedelta(minutes=61)
    assert [counted(said("a"), 1, within_s).last_at for within_s in (None, 0)] == [None, None]  # type: ignore[union-attr]


@given(st.lists(st.none() | st.sampled_from([f"reason {n}" for n in range(12)]), max_size=60))
@example([f"reason {n}" for n in range(12)])
def test_however_many_reasons_there_are_few_are_shown_and_all_are_counted(reasons: list[str | None]) -> None:
    found = counted(said(*reasons), 0, None)
    if found is None:
        assert not any(reasons)
        return
    assert found.count == sum(reason is not None for reason in reasons)
    assert len(found.kinds) == min(MAX_KINDS, len(set(reasons) - {None}))
    lines = list(deferred_lines(found))
    assert sum(int(line.split()[0]) for line in lines[1:]) == found.count


def test_a_sample_is_called_a_sample() -> None:
    whole, sample = CountedDeferrals(1, 2, 2, ()), CountedDeferrals(1, 2, 9, ())
    assert next(deferred_lines(whole)) == "1 of 2 in progress put it off"
    assert next(deferred_lines(sample)) == "1 of 9 in progress put it off, 2 of them looked at"


def test_the_words_of_a_device_reach_no_terminal_as_they_came() -> None:
    found = counted(said("a\x1b[31mred"), 1, None)
    assert "\x1b" not in "".join(deferred_lines(found))


# Read from AWS.


@pytest.fixture
def deferred(
    cloud: Cloud, request_for: StartRequest, device: DeviceSide, signatures: Signatures, image: Image
) -> tuple[str, str]:
    """A thing that puts a release off, which may be put off for a day; and its job."""
    release = signatures.release(image, "a", within_s=86_400)
    request = replace(request_for, image=image, envelope=release.envelope, keyring=signatures.keyring("a"))
    started = start_job(cloud, request)
    device.report(request.thing, started.job_id, "IN_PROGRESS", **DETAILS)
    return request.thing, started.job_id


@pytest.mark.e2e
def test_the_status_of_a_job_counts_what_is_put_off_and_says_until_when(
    cloud: Cloud, deferred: tuple[str, str]
) -> None:
    thing, job_id = deferred
    status = job_status(cloud, job_id)
    (execution,) = status.executions
    found = status.deferred
    assert (execution.deferral, found is not None) == (LOW, True)
    assert found is not None
    assert execution.queued_at is not None
    assert found.last_at == execution.queued_at + timedelta(days=1)
    assert [(kind.moment, kind.reason, kind.example) for kind in found.kinds] == [("restart", "battery low", thing)]
    assert status.failures == ()


@pytest.mark.e2e
def test_a_watched_job_reads_its_document_once(
    cloud: Cloud, deferred: tuple[str, str], device: DeviceSide, calls_of: Callable[[str], int]
) -> None:
    thing, job_id = deferred
    looks = 0
    for status in watch_job(cloud, job_id, interval_s=0.01, timeout_s=30):
        looks += 1
        if looks == 3:
            assert status.deferred is not None
            device.report(thing, job_id, "SUCCEEDED")
    assert (looks >= 4, calls_of("GetJobDocument")) == (True, 1)
    assert status.deferred is None


@pytest.fixture
def calls_of(cloud: Cloud) -> Callable[[str], int]:
    counts: dict[str, int] = {}

    def count(event_name: str, **_: object) -> None:
        name = event_name.rsplit(".", 1)[-1]
        counts[name] = counts.get(name, 0) + 1

    cloud.iot.meta.events.register("before-send", count)
    return lambda name: counts.get(name, 0)


@pytest.mark.e2e
def test_people_and_programs_hear_of_it(fota: FotaCommand, cloud: Cloud, deferred: tuple[str, str]) -> None:
    thing, job_id = deferred
    shown = fota("status", job_id)
    assert "battery low" in shown.stdout
    assert "1 of 1 in progress put it off\n" in shown.stdout
    assert f"1 before the restart: battery low, such as {thing}\n" in shown.stdout
    assert "the last of them must have begun by" in shown.stdout
    in_json = json.loads(fota("status", job_id, "--json").stdout)
    assert in_json == json.loads(json.dumps(job_as_json(job_status(cloud, job_id)), default=str))
    assert in_json["deferred"]["count"] == 1
    told = fota("explain", thing).stdout
    assert "IN_PROGRESS: the image is installed and verified, and the device puts off the restart into it." in told
    assert "It says: battery low; put off before the restart" in told
    assert "It must begin by " in told
    assert "--urgency now" in told
    story: Any = story_as_json(explain(cloud, thing))
    (chapter,) = story["chapters"]
    assert chapter["offer"]["within_s"] == 86_400
    assert chapter["last_at"] == in_json["deferred"]["last_at"]
