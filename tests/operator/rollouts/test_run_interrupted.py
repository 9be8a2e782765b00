"""A rollout whose run breaks off, or whose requests AWS throttles: it is gone on with, and offers nothing twice."""

from collections import Counter
from typing import Any

import pytest

from fota_operator.errors import (
    CloudRefused,
    OperatorError,
)
from fota_operator.rollouts.aws.names import Place
from tests.labs.plan_lab import PlanLab

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "operation", ["PutObject", "CreateJob", "GetRole", "DescribeJob", "ListTagsForResource", "HeadObject"]
)
def test_a_run_that_breaks_off_anywhere_is_gone_on_with(lab: PlanLab, broken: Any, operation: str) -> None:
    broken(operation, "InternalServerThing")
    with pytest.raises(OperatorError):
        lab.run()
    broken.mend()
    assert lab.run().state == "done"
    assert Counter(map(len, lab.fleet.offered.values())) == {1: 3}, "each thing was offered it once"


def test_a_later_stage_offers_what_the_first_did(lab: PlanLab, broken: Any) -> None:
    lab.run(until=1)
    broken("GetJobDocument", "InternalServerThing")
    with pytest.raises(CloudRefused):
        lab.run()
    broken.mend()
    lab.run()
    first, second = (
        lab.cloud.iot.get_job_document(jobId=Place(lab.plan.name, stage).job_id)["document"] for stage in (1, 2)
    )
    assert first == second


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailableException"])
def test_a_run_waits_while_aws_has_no_time(lab: PlanLab, broken: Any, code: str) -> None:
    prepared = lab.prepared()
    broken("CreateJob", code, times=3)
    assert prepared.run(clock=lab.clock, on_progress=lab._hear).state == "done"
    assert len([text for text in lab.said if code in text]) == 3


def test_a_run_does_not_wait_for_ever_for_aws(lab: PlanLab, broken: Any) -> None:
    prepared = lab.prepared()
    broken("CreateJob", "ThrottlingException")
    with pytest.raises(CloudRefused, match="ThrottlingException"):
        prepared.run(clock=lab.clock)


def test_a_job_whose_answer_was_lost_counts_as_made(lab: PlanLab, broken: Any) -> None:
    broken("CreateJob", "ThrottlingException", times=1, after=True)
    assert lab.run().state == "done"
    assert Counter(map(len, lab.fleet.offered.values())) == {1: 3}


def test_a_job_that_boto3_itself_asked_for_again_counts_as_made(lab: PlanLab, broken: Any) -> None:
    prepared = lab.prepared()
    broken("CreateJob", "ResourceAlreadyExistsException", after=True)
    assert prepared.run(clock=lab.clock).state == "done"
