"""Rollouts on a bad day: answers lost, throttling, uploads cut, roles missing or wrong, two runs at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fota_operator.errors import BadInput, CloudRefused, NotFound
from fota_operator.rollouts.plan.model import Stage
from fota_operator.rollouts.run import RunOptions
from tests.labs.aws_faults import (
    Held,
    Proxy,
    answer_lost,
    cut_in_the_middle,
    passed_on,
    refused,
    request_lost,
    throttled,
)
from tests.labs.rollout_lab import ALL_AT_ONCE, RolloutLab

pytestmark = pytest.mark.e2e

TWO_STAGES = (Stage("canary", things=2), Stage("all", percent=100))


def each_thing_once(lab: RolloutLab, *jobs: str) -> bool:
    """Whether these are all jobs of the rollout, and no thing is in two of them."""
    ids = [f"fota-{lab.name}-{job}" for job in jobs]
    return lab.job_ids() == ids and {len(of_thing) for of_thing in lab.executions().values()} == {1}


@pytest.mark.parametrize("lost", [answer_lost, request_lost])
def test_a_job_is_made_once_though_the_answer_or_the_request_is_lost(
    faulty_lab: RolloutLab, proxy: Proxy, lost: object
) -> None:
    fleet = faulty_lab.fleet(8)
    proxy.on("iot.CreateJob", lost, lost)  # type: ignore[arg-type]
    assert faulty_lab.run(faulty_lab.plan(fleet, stages=TWO_STAGES), fleet.turn).state == "done"
    assert each_thing_once(faulty_lab, "1", "2")


def test_a_job_is_made_once_though_every_answer_of_boto3_s_patience_is_lost(
    faulty_lab: RolloutLab, proxy: Proxy
) -> None:
    fleet = faulty_lab.fleet(8)
    proxy.on("iot.CreateJob", *4 * [answer_lost])
    assert faulty_lab.run(faulty_lab.plan(fleet, stages=TWO_STAGES), fleet.turn).state == "done"
    assert each_thing_once(faulty_lab, "1", "2")
    assert any("again in" in progress.text for progress in faulty_lab.told)


def test_a_pace_that_aws_refuses_is_waited_out_and_told(faulty_lab: RolloutLab, proxy: Proxy) -> None:
    fleet = faulty_lab.fleet(8)
    proxy.on("iot.CreateJob", *5 * [throttled])
    proxy.on("iot.DescribeJob", *2 * [throttled])
    proxy.on("iot.ListTagsForResource", throttled)
    assert faulty_lab.run(faulty_lab.plan(fleet, stages=TWO_STAGES), fleet.turn).state == "done"
    assert any("ThrottlingException" in progress.text for progress in faulty_lab.told)
    assert each_thing_once(faulty_lab, "1", "2")


def test_the_jobs_of_a_stage_go_on_where_aws_refused_their_pace(faulty_lab: RolloutLab, proxy: Proxy) -> None:
    fleet = faulty_lab.fleet(110)
    proxy.on("iot.CreateJob", passed_on, *6 * [throttled])
    plan = faulty_lab.plan(fleet, stages=ALL_AT_ONCE)
    assert faulty_lab.run(plan, fleet.turn).state == "done"
    assert each_thing_once(faulty_lab, "1", "1_1-2")
    assert len(fleet.reached) == 110


def test_an_upload_that_is_cut_is_made_again_and_no_job_is_made_without_it(
    faulty_lab: RolloutLab, proxy: Proxy
) -> None:
    fleet = faulty_lab.fleet(4)
    # The plan is the first object that is written, the image the second.
    proxy.on("s3.PutObject", answer_lost, cut_in_the_middle)
    assert faulty_lab.run(faulty_lab.plan(fleet, stages=TWO_STAGES), fleet.turn).state == "done"
    assert proxy.calls.index("iot.CreateJob") > max(
        place for place, call in enumerate(proxy.calls) if call == "s3.PutObject"
    )
    image = next(key for key in faulty_lab.objects() if faulty_lab.release.image.sha256 in key)
    stored = faulty_lab.direct.s3.get_object(Bucket=faulty_lab.local.bucket, Key=image)["Body"].read()
    assert stored == faulty_lab.release.image.content


def test_a_missing_role_is_found_before_anything_is_made(lab: RolloutLab) -> None:
    fleet = lab.fleet(2)
    with pytest.raises(NotFound, match="no role nobody"):
        lab.prepare(lab.plan(fleet, role="nobody"))
    assert (lab.objects(), lab.job_ids()) == (set(), [])


def test_a_role_that_iot_may_not_assume_is_found_before_anything_is_made(lab: RolloutLab) -> None:
    fleet = lab.fleet(2)
    with pytest.raises(BadInput, match="may not assume"):
        lab.prepare(lab.plan(fleet, role=lab.role("ec2.amazonaws.com")))
    assert (lab.objects(), lab.job_ids()) == (set(), [])


def test_a_role_that_is_taken_away_stops_the_next_stage_and_not_the_devices(lab: RolloutLab) -> None:
    fleet = lab.fleet(6)
    plan = lab.plan(fleet, stages=TWO_STAGES, role=lab.role("iot.amazonaws.com"))
    lab.run(plan, fleet.turn, RunOptions(until=1))
    lab.direct.iam.delete_role(RoleName=str(plan.role))
    with pytest.raises(NotFound, match="no role"):
        lab.run(plan, fleet.turn)
    assert lab.job_ids() == [f"fota-{lab.name}-1"]


def test_a_refusal_that_will_not_pass_ends_the_run_at_once(faulty_lab: RolloutLab, proxy: Proxy) -> None:
    fleet = faulty_lab.fleet(2)
    proxy.on("iot.CreateJob", refused("UnauthorizedException", 401))
    with pytest.raises(CloudRefused, match="Unauthorized"):
        faulty_lab.run(faulty_lab.plan(fleet, stages=ALL_AT_ONCE))
    assert proxy.calls.count("iot.CreateJob") == 1
    assert faulty_lab.run(faulty_lab.plan(fleet, stages=ALL_AT_ONCE), fleet.turn).state == "done"


def test_two_runs_at_once_make_each_job_once(faulty_lab: RolloutLab, lab: RolloutLab, proxy: Proxy) -> None:
    """One is held just before it makes the first job, while the other does the whole rollout."""
    fleet = lab.fleet(8)
    plan = lab.plan(fleet, stages=TWO_STAGES)
    slow = replace(lab, cloud=faulty_lab.cloud, told=[])
    slow.name, slow.release, slow.keyring = lab.name, lab.release, lab.keyring
    held = Held(effect=False, then_pass=True)
    proxy.on("iot.CreateJob", held)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(slow.run, plan)
        assert held.reached.wait(60)
        assert lab.run(plan, fleet.turn).state == "done"
        held.let_go.set()
        assert running.result(60).state == "done"
    assert each_thing_once(lab, "1", "2")
    assert {len(jobs) for jobs in fleet.offered.values()} == {1}


def test_many_runs_at_once_make_each_job_once(lab: RolloutLab) -> None:
    fleet = lab.fleet(30)
    plan = lab.plan(fleet, stages=(Stage("canary", things=2), Stage("some", percent=50), Stage("all", percent=100)))
    turn = threading.Lock()

    def act() -> None:
        with turn:
            fleet.turn()

    with ThreadPoolExecutor(4) as others:
        ended = [others.submit(lab.run, plan, act) for _ in range(4)]
        assert {one.result(120).state for one in ended} == {"done"}
    assert each_thing_once(lab, "1", "2", "3")
    assert len(lab.documents()) == 1
