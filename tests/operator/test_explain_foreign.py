"""A thing that once had a job of somebody else: what may be read is told, and the rest is named."""

import json
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from fota_operator.errors import CloudRefused
from fota_operator.jobs.explain import NOT_KNOWN, Story, explain

AT = datetime(2026, 11, 1, tzinfo=timezone.utc)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeJob")


class JobsOfTwo:
    """AWS IoT as an operator sees it who may read the jobs `fota-*` alone."""

    def __init__(self, code: str) -> None:
        self.code = code

    def describe_thing(self, **_: object) -> dict[str, str]:
        return {"thingArn": "arn:aws:iot:eu-west-1:1:thing/pump-1"}

    def get_thing_connectivity_data(self, **_: object) -> dict[str, object]:
        raise refused("AccessDeniedException")

    search_index = get_thing_connectivity_data

    def get_paginator(self, name: str) -> SimpleNamespace:
        summaries = [
            {"jobId": job_id, "jobExecutionSummary": {"status": "FAILED", "executionNumber": 1, "queuedAt": AT}}
            for job_id in ("fota-1", "reboot-the-modem")
        ]
        key = "executionSummaries" if name == "list_job_executions_for_thing" else "tags"
        page = {"executionSummaries": summaries, "tags": []}[key]
        return SimpleNamespace(paginate=lambda **_: [{key: page}])

    def describe_job(self, jobId: str) -> dict[str, object]:  # noqa: N803 - as boto3 calls it
        self._require(jobId)
        return {"job": {"status": "COMPLETED", "jobArn": "arn:job"}}

    def get_job_document(self, jobId: str) -> dict[str, str]:  # noqa: N803
        self._require(jobId)
        return {"document": json.dumps({"operation": "fota"})}

    def describe_job_execution(self, jobId: str, **_: object) -> dict[str, object]:  # noqa: N803
        self._require(jobId)
        return {"execution": {"statusDetails": {"detailsMap": {"reason": "no-space"}}}}

    def _require(self, job_id: str) -> None:
        if not job_id.startswith("fota-"):
            raise refused(self.code)


def story(code: str) -> Story:
    return explain(SimpleNamespace(iot=JobsOfTwo(code), region="eu-west-1"), "pump-1")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnauthorizedException"])
def test_a_job_that_may_not_be_read_does_not_hide_the_others(code: str) -> None:
    ours, theirs = story(code).chapters
    assert (ours.offer.kind, ours.execution.reason) == ("firmware", "no-space")
    assert (theirs.offer.job_status, theirs.offer.description) == (NOT_KNOWN, "a job that you may not read")
    assert (theirs.execution.status, theirs.execution.reason) == ("FAILED", None)


def test_another_refusal_still_ends_it() -> None:
    with pytest.raises(CloudRefused):
        story("ThrottlingException")
