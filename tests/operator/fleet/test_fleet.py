from collections.abc import Callable

import pytest

from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from tests.labs.fleet import HANGS, SUCCEEDS, Ends, Fleet, fails, rejects

pytestmark = pytest.mark.e2e


@pytest.fixture
def offer(cloud: Cloud) -> Callable[[str, Fleet], None]:
    """Make a job of this id for every thing of a fleet."""

    def make(job_id: str, fleet: Fleet) -> None:
        arn = f"arn:aws:iot:{cloud.region}:{cloud.account_id}:thing/"
        cloud.iot.create_job(jobId=job_id, targets=[arn + name for name in fleet.names], document='{"size": 3}')

    return make


def statuses(cloud: Cloud, job_id: str) -> dict[str, str]:
    listed = cloud.iot.list_job_executions_for_job(jobId=job_id)["executionSummaries"]
    return {one["thingArn"].rsplit("/")[-1]: one["jobExecutionSummary"]["status"] for one in listed}


def test_each_thing_ends_its_job_by_the_script(
    local_aws: LocalAws, cloud: Cloud, offer: Callable[[str, Fleet], None]
) -> None:
    ends = {"f-1": SUCCEEDS, "f-2": fails("rolled-back", "it crashed"), "f-3": rejects("unsigned"), "f-4": HANGS}
    fleet = Fleet(local_aws, (*ends, "f-5"), lambda thing, document: ends[thing]).register(cloud)
    fleet.offline.add("f-5")
    offer("fleet-1", fleet)
    assert fleet.turn() == {"SUCCEEDED": 1, "FAILED": 1, "REJECTED": 1, "IN_PROGRESS": 1}
    assert statuses(cloud, "fleet-1") == {
        "f-1": "SUCCEEDED", "f-2": "FAILED", "f-3": "REJECTED", "f-4": "IN_PROGRESS", "f-5": "QUEUED"
    }  # fmt: skip
    described = cloud.iot.describe_job_execution(jobId="fleet-1", thingName="f-2")["execution"]
    assert described["statusDetails"]["detailsMap"] == {"reason": "rolled-back", "message": "it crashed"}


def test_a_thing_that_hung_ends_when_it_wakes(
    local_aws: LocalAws, cloud: Cloud, offer: Callable[[str, Fleet], None]
) -> None:
    fleet = Fleet(local_aws, ["h-1"], lambda thing, document: HANGS).register(cloud)
    offer("fleet-2", fleet)
    fleet.turn()
    assert (fleet.turn(), fleet.wake(), statuses(cloud, "fleet-2")) == ({}, [""], {"h-1": "SUCCEEDED"})


def test_a_script_sees_what_it_was_offered(
    local_aws: LocalAws, cloud: Cloud, offer: Callable[[str, Fleet], None]
) -> None:
    seen: list[dict[str, object]] = []

    def script(thing: str, document: dict[str, object]) -> Ends:
        seen.append(document)
        return SUCCEEDS

    fleet = Fleet(local_aws, ["s-1"], script).register(cloud)
    offer("fleet-3", fleet)
    fleet.turn()
    assert (seen, fleet.offered) == ([{"size": 3}], {"s-1": ["fleet-3"]})
