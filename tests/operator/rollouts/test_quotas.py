"""What a rollout may ask of AWS: reports of progress by the rate, and jobs that share the rate of their stage."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from fota_operator.errors import BadInput
from fota_operator.rollouts.decide.stages import reports_of
from fota_operator.rollouts.plan.limits import RATE_PER_MINUTE
from fota_operator.rollouts.plan.model import Stage
from fota_operator.rollouts.plan.quotas import (
    JOBS_AT_ONCE,
    MAX_RATE_PER_MINUTE,
    READS_OF_AN_UPDATE,
    READS_PER_SECOND,
    SHARE,
    WRITES_OF_AN_UPDATE,
    WRITES_PER_SECOND,
    JobSplit,
    ProgressReports,
    jobs_for,
    progress_reports,
)
from tests.labs.plan_lab import PlanLab, PlanLabOf
from tests.labs.snapshots import PLAN

RATES = (1, 7, 30, 300, 390, 391, 500, 1000, 1500, 2000, 2249, MAX_RATE_PER_MINUTE)
MANY = 1_000_000


@pytest.mark.parametrize("rate", RATES)
def test_at_no_rate_do_devices_write_more_than_the_share_of_the_quota(rate: int) -> None:
    reports = progress_reports(rate, MANY)
    assert rate / 60 * (WRITES_OF_AN_UPDATE + reports.of_a_device) <= WRITES_PER_SECOND * SHARE


@pytest.mark.parametrize("rate", RATES)
def test_at_no_rate_do_devices_read_more_than_the_share_of_the_quota(rate: int) -> None:
    assert rate / 60 * READS_OF_AN_UPDATE <= READS_PER_SECOND * SHARE


@pytest.mark.parametrize("rate", RATES)
def test_what_is_left_of_the_share_is_used_for_reports(rate: int) -> None:
    reports = progress_reports(rate, MANY)
    one_more = rate / 60 * (WRITES_OF_AN_UPDATE + reports.of_a_device + 1)
    assert reports == ProgressReports() or one_more > WRITES_PER_SECOND * SHARE


@pytest.mark.parametrize(
    ("rate", "things", "expected"),
    [
        (1000, MANY, ProgressReports(6)),
        (391, MANY, ProgressReports()),
        (2000, MANY, ProgressReports(3, 50)),
        (MAX_RATE_PER_MINUTE, MANY, ProgressReports(3, 33)),
        (3000, MANY, ProgressReports(0)),
        (1000, 20, ProgressReports()),
    ],
)
def test_reports_by_rate_and_things(rate: int, things: int, expected: ProgressReports) -> None:
    assert progress_reports(rate, things) == expected


def test_the_fastest_stage_rules_since_all_jobs_have_one_document() -> None:
    stages = (Stage("canary", things=2, rate_per_minute=2000), Stage("all", percent=100.0))
    assert reports_of(replace(PLAN, stages=stages), MANY) == progress_reports(2000, MANY)


@pytest.mark.parametrize("nonsense", [(21, 100), (-1, 100), (3, 0), (3, 101), (True, 100), (3, 1.5)])
def test_reports_that_no_document_can_have_are_refused(nonsense: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match=r"^(reports|share): expected"):
        ProgressReports(*nonsense)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("things", [1, 100, 101, 130, 1000, 25_001, 100_000, MANY])
def test_jobs_that_roll_out_together_keep_to_the_rate_and_lose_little_of_it(rate: int, things: int) -> None:
    jobs = jobs_for(things, rate)
    assert jobs.count == -(-things // 100)
    assert jobs.at_once * jobs.rate_per_minute <= rate
    assert jobs.at_once <= min(jobs.count, JOBS_AT_ONCE)
    assert 1 <= jobs.rate_per_minute <= 1000
    if things > 1000:
        assert jobs.at_once * jobs.rate_per_minute > rate * 0.8


def test_a_hundred_thousand_things_at_the_default_rate() -> None:
    assert jobs_for(100_000, 1000) == JobSplit(1000, 250, 4)
    assert jobs_for(100_000, 1000).minutes == 25


def test_the_table_of_the_reference_is_what_is_computed() -> None:
    text = (Path(__file__).parents[3] / "docs/reference/rollout-plan.md").read_text()
    rows = re.findall(r"^\| (?:up to )?([0-9]+) \| ([0-9]+|none) \| (all|none|[0-9]+ %) \|$", text, re.MULTILINE)
    assert len(rows) == 6
    for rate, reports, devices in rows:
        computed = progress_reports(int(rate), MANY)
        assert (str(computed.reports) if computed.reports else "none") == reports
        assert devices == (
            "none" if not computed.reports else "all" if computed.share == 100 else f"{computed.share} %"
        )
    assert progress_reports(392, MANY) != ProgressReports(), "the first row says up to where"


def test_a_plan_cannot_ask_for_more_than_devices_may_write() -> None:
    assert RATE_PER_MINUTE == (1, 2250)


@pytest.mark.e2e
def test_the_job_document_says_how_much_a_device_may_report(lab_of: PlanLabOf) -> None:
    lab = lab_of(401)
    lab.run(once=True)
    document = _document(lab)
    assert (document["x-progress-reports"], document["x-progress-share"]) == (19, 100)


@pytest.mark.e2e
def test_the_document_of_few_things_leaves_it_to_the_devices(lab: PlanLab) -> None:
    lab.run(once=True)
    assert not [field for field in _document(lab) if field.startswith("x-")]


def _document(lab: PlanLab) -> dict[str, object]:
    found: dict[str, object] = json.loads(lab.cloud.iot.get_job_document(jobId=f"fota-{lab.plan.name}-1")["document"])
    return found
