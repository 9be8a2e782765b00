"""The release of a rollout in the package catalog: made once, published, named by each job; or left out and said."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, CloudRefused
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.aws.package import misfit, package_version
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.aws.progress import RolloutProgress
from fota_operator.rollouts.plan.model import Plan, Targets
from fota_operator.rollouts.plan.table import plan_of, table_of
from tests.labs.faked_operations import AwsRefuses, FakedOperations
from tests.labs.plan_lab import PlanLabOf
from tests.labs.strict_catalog import StrictCatalog
from tests.labs.strict_fleet import StrictFleet

PLAN = Plan("pump-1-4-0", "ab" * 32, Targets(things=("pump-1",)))
STORED = StoredPlan(PLAN, "pump", "1.4.0")
ARN = "arn:aws:iot:eu-west-1:123456789012:package/pump/version/1.4.0"


class Aws:
    """An AWS with a catalog, and what was told."""

    def __init__(self) -> None:
        self.fleet = StrictFleet()
        self.catalog = StrictCatalog()
        self.operations = FakedOperations(self.fleet.cloud, self.catalog.operations())
        self.told: list[RolloutProgress] = []

    def enter(self, stored: StoredPlan = STORED) -> str | None:
        return package_version(self.fleet.cloud, stored, self.told.append)

    @property
    def said(self) -> list[str]:
        return [one.text for one in self.told]


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws()
    yield aws
    aws.operations.close()
    aws.fleet.operations.close()


def test_a_release_is_made_and_published_once(aws: Aws) -> None:
    assert [aws.enter(), aws.enter()] == [ARN, ARN]
    (version,) = aws.catalog.versions.values()
    assert (version["status"], version["attributes"]) == ("PUBLISHED", {"sha256": "ab" * 32})
    assert aws.operations.calls["UpdatePackageVersion"] == 1
    assert aws.told == []


def test_what_was_interrupted_is_ended(aws: Aws) -> None:
    aws.operations.refuse("UpdatePackageVersion", "ThrottlingException", times=1)
    with pytest.raises(CloudRefused, match="ThrottlingException"):
        aws.enter()
    assert aws.enter() == ARN


def test_a_version_that_is_of_another_image_is_not_named(aws: Aws) -> None:
    aws.enter()
    other = StoredPlan(replace(PLAN, release="cd" * 32), "pump", "1.4.0")
    assert aws.enter(other) is None
    assert aws.said == [
        f"it goes on without AWS's package catalog: its version 1.4.0 of pump is of another image, {'ab' * 32}"
    ]


def test_a_version_that_is_deprecated_can_still_be_named(aws: Aws) -> None:
    aws.enter()
    aws.catalog.versions["pump", "1.4.0"]["status"] = "DEPRECATED"
    assert aws.enter() == ARN
    assert aws.catalog.versions["pump", "1.4.0"]["status"] == "DEPRECATED"


@pytest.mark.parametrize(
    "operation", ["CreatePackage", "CreatePackageVersion", "GetPackageVersion", "UpdatePackageVersion"]
)
@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ServiceQuotaExceededException", "ValidationException", "404"]
)
def test_what_the_catalog_refuses_is_said_in_one_line_and_left_out(aws: Aws, operation: str, code: str) -> None:
    aws.operations.refuse(operation, code)
    assert aws.enter() is None
    (said,) = aws.said
    assert said.startswith("it goes on without AWS's package catalog: could not ")
    assert code in said


@pytest.mark.parametrize(
    ("product", "version", "fits"),
    [
        ("pump", "1.4.0", True),
        ("p" * 64, "1_4-0.x", True),
        ("pump", "1.4.0+build", False),
        ("pump", "1 4", False),
        ("pump", "1" * 65, False),
        ("p/q", "1", False),
    ],
)
def test_names_that_do_not_fit_are_said_before_anything_is_made(
    aws: Aws, product: str, version: str, fits: bool
) -> None:
    assert (misfit(product, version) is None) == fits
    assert (aws.enter(StoredPlan(PLAN, product, version)) is not None) == fits
    assert bool(aws.catalog.packages) == fits


def test_a_plan_can_leave_the_catalog_out(aws: Aws) -> None:
    assert aws.enter(StoredPlan(replace(PLAN, catalog=False), "pump", "1.4.0")) is None
    assert (aws.told, aws.catalog.packages) == ([], set())


def test_a_plan_of_before_has_the_same_bytes_and_one_without_says_so() -> None:
    assert "catalog" not in table_of(PLAN)
    without = replace(PLAN, catalog=False)
    assert table_of(without)["catalog"] is False
    assert plan_of(table_of(without)).catalog is False
    with pytest.raises(BadInput, match="catalog: expected true or false, got 'no'"):
        plan_of(table_of(PLAN) | {"catalog": "no"})


@pytest.fixture
def catalog(cloud: Cloud) -> Iterator[StrictCatalog]:
    """The local AWS with a catalog, whose jobs may name only what is published."""
    catalog = StrictCatalog("arn:aws:iot:us-east-1:000000000000")
    operations = FakedOperations(cloud, catalog.operations())

    def check(params: dict[str, Any], **_: object) -> None:
        for arn in params.get("destinationPackageVersions", ()):
            catalog.require_deployable(arn)

    cloud.iot.meta.events.register("before-parameter-build.iot.CreateJob", check)
    yield catalog
    cloud.iot.meta.events.unregister("before-parameter-build.iot.CreateJob", check)
    operations.close()


@pytest.mark.e2e
def test_each_job_of_a_rollout_names_the_version(lab_of: PlanLabOf, catalog: StrictCatalog) -> None:
    lab = lab_of(2)
    lab.run()
    arns = [
        lab.cloud.iot.describe_job(jobId=Place(lab.plan.name, stage).job_id)["job"]["destinationPackageVersions"]
        for stage in (1, 2)
    ]
    assert arns == [["arn:aws:iot:us-east-1:000000000000:package/pump/version/1.2.3"]] * 2


@contextmanager
def jobs_with_a_package_refused(cloud: Cloud, code: str) -> Iterator[list[bool]]:
    """The list gets whether each job that is asked for names a package version."""
    asked: list[bool] = []

    def refuse(params: dict[str, Any], **_: object) -> None:
        asked.append("destinationPackageVersions" in params)
        if asked[-1]:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateJob")

    cloud.iot.meta.events.register("before-parameter-build.iot.CreateJob", refuse)
    try:
        yield asked
    finally:
        cloud.iot.meta.events.unregister("before-parameter-build.iot.CreateJob", refuse)


@pytest.mark.e2e
def test_a_job_that_may_not_name_the_version_is_made_without(
    lab_of: PlanLabOf, catalog: StrictCatalog, cloud: Cloud
) -> None:
    lab = lab_of(2)
    with jobs_with_a_package_refused(cloud, "UnauthorizedException"):
        assert lab.run().state == "done"
    job = lab.cloud.iot.describe_job(jobId=Place(lab.plan.name, 1).job_id)["job"]
    assert not job.get("destinationPackageVersions")


@pytest.mark.e2e
def test_a_quota_that_is_used_up_is_no_reason_to_ask_again_without_the_version(
    lab_of: PlanLabOf, catalog: StrictCatalog, cloud: Cloud
) -> None:
    lab = lab_of(2)
    with (
        jobs_with_a_package_refused(cloud, "LimitExceededException") as asked,
        pytest.raises(CloudRefused, match="wait and run this again"),
    ):
        lab.run(once=True)
    assert asked == [True]


def test_the_strict_catalog_lets_no_job_name_a_draft(aws: Aws) -> None:
    aws.fleet.cloud.iot.create_package(packageName="pump")
    aws.fleet.cloud.iot.create_package_version(packageName="pump", versionName="1.4.0")
    with pytest.raises(AwsRefuses):
        aws.catalog.require_deployable(ARN)
