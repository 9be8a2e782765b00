from collections.abc import Callable, Iterator
from contextlib import suppress

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from tests.labs.strict_model import AgainstTheModel, checked_requests, every_request_allowed

GOOD_JOB: dict[str, object] = {"jobId": "fota-x-1", "targets": ["arn:aws:iot:eu-west-1:000000000000:thing/t"]}


@pytest.fixture
def iot() -> Iterator[object]:
    """A client whose requests, if one is sent, reach nobody."""
    client = boto3.Session().client(
        "iot",
        endpoint_url="http://127.0.0.1:9",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


RETRY = {"failureType": "ALL", "numberOfRetries": 1}
BROKEN = {
    "a name that is too long": {"jobId": "x" * 65},
    "a character that is not allowed": {"jobId": "fota.1"},
    "a word that is not in the list": {"targetSelection": "SOME"},
    "a number that is too large": {"presignedUrlConfig": {"expiresInSec": 3601}},
    "a number that is too small": {"jobExecutionsRolloutConfig": {"maximumPerMinute": 0}},
    "a list that is too long": {"jobExecutionsRetryConfig": {"criteriaList": 3 * [RETRY]}},
    "a list that is empty": {"targets": []},
    "a text that is too long": {"document": "x" * 32_769},
    "a control character": {"description": "two\nlines"},
    "a member that is missing": {"targets": None},
    "a member that does not exist": {"speed": 1},
    "something deep inside": {"tags": [{"Key": "x" * 129, "Value": ""}]},
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_request_that_the_model_does_not_allow_is_never_sent(iot: object, broken: dict[str, object]) -> None:
    with pytest.raises(AgainstTheModel), every_request_allowed():
        iot.create_job(**GOOD_JOB | broken)  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.slow
def test_a_request_that_the_model_allows_is_sent(iot: object) -> None:
    with pytest.raises(EndpointConnectionError), every_request_allowed():
        iot.create_job(**GOOD_JOB, description="Größe 1", tags=[{"Key": "fota:stage", "Value": "1"}])  # type: ignore[attr-defined]
    assert checked_requests()[-1] == "iot.CreateJob"


def test_the_map_of_a_reason_is_checked_too() -> None:
    client = boto3.Session().client(
        "iot-jobs-data", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with pytest.raises(AgainstTheModel, match=r"statusDetails.reason: expected"), every_request_allowed():
        client.update_job_execution(jobId="x", thingName="t", status="FAILED", statusDetails={"reason": "a\tb"})
    client.close()


def swallow(act: Callable[[], object]) -> None:
    with suppress(AssertionError):
        act()


def test_a_broken_request_is_found_although_its_error_is_swallowed(iot: object) -> None:
    with pytest.raises(AgainstTheModel, match=r"iot\.CreateJob\.jobId"), every_request_allowed():
        swallow(lambda: iot.create_job(**GOOD_JOB | {"jobId": "no id"}))  # type: ignore[attr-defined]
