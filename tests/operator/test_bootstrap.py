"""`fota bootstrap` against an AWS that keeps what it is told, and evaluates policies."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fota_operator.account.bootstrap import BootstrapRequest, Outcome, bootstrap
from fota_operator.account.names import DEVICE_POLICY, OPERATOR_POLICY, default_bucket
from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Cloud, connect
from fota_operator.errors import AlreadyThere, BadInput, NotFound
from fota_operator.local.aws import LocalAws
from tests.labs.accounts import OPERATOR_ARN, SPOILT, Spoilt, access_to, new_request
from tests.labs.fota_command import FotaCommand

pytestmark = pytest.mark.e2e


@pytest.fixture
def request_() -> BootstrapRequest:
    """For a bucket and a role that are not there."""
    return new_request()


@pytest.fixture
def ready(cloud: Cloud, request_: BootstrapRequest) -> BootstrapRequest:
    """For a bucket and a role that bootstrap has made."""
    bootstrap(cloud, request_)
    return request_


@pytest.fixture
def answering(cloud: Cloud) -> Iterator[Callable[[str, str], None]]:
    """Make AWS refuse an operation with a code until the test ends: `answering("s3.HeadBucket", code)`."""
    registered: list[tuple[str, Callable[..., None]]] = []

    def answer(operation: str, code: str) -> None:
        def refuse(**_: object) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "refused by the test"}}, operation)

        cloud.s3.meta.events.register(f"before-call.{operation}", refuse)
        registered.append((f"before-call.{operation}", refuse))

    yield answer
    for event, refuse in registered:
        cloud.s3.meta.events.unregister(event, refuse)


def piece(outcomes: tuple[Outcome, ...], subject: str) -> Outcome:
    (one,) = [one for one in outcomes if one.subject == subject]
    return one


def test_everything_is_made_and_then_right(cloud: Cloud, request_: BootstrapRequest) -> None:
    made = bootstrap(cloud, request_)
    again = bootstrap(cloud, request_)
    assert [one.found for one in made[:8]] == ["missing"] * 8
    assert [(one.found, one.changed) for one in again[:10]] == [("right", False)] * 10
    assert {(one.subject, one.found) for one in again[10:]} == {
        ("software packages", "unavailable"),
        ("index of the fleet", "right"),
    }


def test_a_dry_run_says_what_would_be_made_and_changes_nothing(cloud: Cloud, request_: BootstrapRequest) -> None:
    first = bootstrap(cloud, request_, dry_run=True)
    second = bootstrap(cloud, request_, dry_run=True)
    assert first == second
    assert [(one.found, one.changed) for one in first[:8]] == [("missing", False)] * 8


def test_the_bucket_keeps_versions_is_encrypted_and_private_and_drops_leftovers(
    cloud: Cloud, ready: BootstrapRequest
) -> None:
    bucket = ready.bucket or ""
    rules = cloud.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    (lifecycle,) = cloud.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert cloud.s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(cloud.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert lifecycle["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda one: f"{one.setting} {one.found}")
def test_only_what_differs_is_changed(cloud: Cloud, ready: BootstrapRequest, spoilt: Spoilt) -> None:
    spoilt.spoil(cloud.s3, ready.bucket)
    changed = [(one.subject, one.found) for one in bootstrap(cloud, ready) if one.changed]
    assert changed == [(f"bucket {ready.bucket}, {spoilt.setting}", spoilt.found)]
    assert not any(one.changed for one in bootstrap(cloud, ready))


def test_what_else_a_bucket_policy_says_stays(cloud: Cloud, ready: BootstrapRequest) -> None:
    bucket = ready.bucket or ""
    theirs = {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": {"AWS": "arn:aws:iam::000000000000:user/none"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/x",
    }
    cloud.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": theirs}))
    bootstrap(cloud, ready)
    policy = json.loads(cloud.s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["Theirs", "FotaTlsOnly"]


def test_what_else_a_lifecycle_says_stays(cloud: Cloud, ready: BootstrapRequest) -> None:
    bucket = ready.bucket or ""
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}
    cloud.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [theirs]})  # type: ignore[list-item]
    bootstrap(cloud, ready)
    rules = cloud.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [rule["ID"] for rule in rules] == ["theirs", "fota-unfinished-uploads"]


def test_a_bucket_that_is_encrypted_with_a_key_stays_so(cloud: Cloud, ready: BootstrapRequest) -> None:
    with_key: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    cloud.s3.put_bucket_encryption(Bucket=ready.bucket or "", ServerSideEncryptionConfiguration=with_key)
    assert not any(one.changed for one in bootstrap(cloud, ready))


@pytest.mark.parametrize("code", ["403", "AccessDenied"])
def test_a_bucket_of_another_account_is_refused_before_anything_is_made(
    cloud: Cloud, request_: BootstrapRequest, answering: Callable[[str, str], None], code: str
) -> None:
    answering("s3.HeadBucket", code)
    with pytest.raises(AlreadyThere, match=r"belongs to another account.*`bucket`"):
        bootstrap(cloud, request_)
    with pytest.raises(cloud.iam.exceptions.NoSuchEntityException):
        cloud.iam.get_role(RoleName=request_.role)


def test_the_owner_of_the_bucket_is_asked_for(cloud: Cloud, ready: BootstrapRequest) -> None:
    seen: list[dict[str, str]] = []

    def watch(params: dict[str, dict[str, str]], **_: object) -> None:
        seen.append(params["headers"])

    cloud.s3.meta.events.register("before-call.s3.HeadBucket", watch)
    bootstrap(cloud, ready)
    cloud.s3.meta.events.unregister("before-call.s3.HeadBucket", watch)
    assert [headers["x-amz-expected-bucket-owner"] for headers in seen] == ["000000000000"]


def test_a_name_that_another_account_took_meanwhile_is_refused(
    cloud: Cloud, request_: BootstrapRequest, answering: Callable[[str, str], None]
) -> None:
    answering("s3.CreateBucket", "BucketAlreadyExists")
    with pytest.raises(AlreadyThere, match="belongs to another account"):
        bootstrap(cloud, request_)


def test_a_bucket_of_another_region_is_refused(local_aws: LocalAws, ready: BootstrapRequest) -> None:
    elsewhere = connect(replace(access_to(local_aws), region="eu-west-1"))
    with pytest.raises(AlreadyThere, match="is in us-east-1, not in eu-west-1"):
        bootstrap(elsewhere, ready)


def test_a_bucket_is_made_in_its_region(local_aws: LocalAws, request_: BootstrapRequest) -> None:
    elsewhere = connect(replace(access_to(local_aws), region="eu-west-1"))
    bootstrap(elsewhere, request_)
    where = elsewhere.s3.get_bucket_location(Bucket=request_.bucket or "")["LocationConstraint"]
    assert where == "eu-west-1"


@pytest.mark.parametrize("bucket", ["ab", "Upper", "a" * 64, "a..b", "-a-", "a/b"])
def test_a_name_that_no_bucket_can_have_is_refused(cloud: Cloud, bucket: str) -> None:
    with pytest.raises(BadInput, match="no name of a bucket"):
        bootstrap(cloud, BootstrapRequest(bucket=bucket))


@pytest.mark.parametrize("role", ["", "a/b", "x" * 65, "é"])
def test_a_name_that_no_role_can_have_is_refused(cloud: Cloud, role: str) -> None:
    with pytest.raises(BadInput, match="no name of a role"):
        bootstrap(cloud, BootstrapRequest(role=role))


def test_a_role_of_ours_is_trusted_again_as_it_should_be(cloud: Cloud, ready: BootstrapRequest) -> None:
    cloud.iam.update_assume_role_policy(RoleName=ready.role, PolicyDocument=json.dumps(TRUST_IOT))
    role = piece(bootstrap(cloud, ready), f"role {ready.role}")
    assert (role.found, role.changed) == ("differs", True)
    assert "any account" in role.why
    assert not any(one.changed for one in bootstrap(cloud, ready))


def test_of_a_role_that_is_changed_the_command_says_what_was_and_what_is(
    fota: FotaCommand, cloud: Cloud, ready: BootstrapRequest
) -> None:
    cloud.iam.update_assume_role_policy(RoleName=ready.role, PolicyDocument=json.dumps(TRUST_IOT))
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    (name,) = cloud.iam.list_role_policies(RoleName=ready.role)["PolicyNames"]
    cloud.iam.put_role_policy(
        RoleName=ready.role, PolicyName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": wide})
    )
    named = ("--bucket", ready.bucket, "--role", ready.role)
    dry, done = fota("bootstrap", *named, "--dry-run").stdout, fota("bootstrap", *named).stdout
    trust = "AWS IoT may assume it, for jobs of this account, and nobody else"
    assert f"{trust}; now: AWS IoT may assume it on behalf of any account" in dry
    assert f"{trust}; before: AWS IoT may assume it on behalf of any account" in done
    assert "before: it also allows s3:* on * and it does not allow s3:GetObject on arn:aws:s3:::" in done


def test_a_role_of_others_is_refused_and_left_alone(cloud: Cloud, request_: BootstrapRequest) -> None:
    cloud.iam.create_role(RoleName=request_.role, AssumeRolePolicyDocument=json.dumps(TRUST_IOT))
    with pytest.raises(AlreadyThere, match="not ours to change"):
        bootstrap(cloud, request_)
    assert cloud.iam.get_role(RoleName=request_.role)["Role"]["AssumeRolePolicyDocument"] == TRUST_IOT


def test_one_role_reads_the_buckets_of_several_regions(cloud: Cloud, ready: BootstrapRequest) -> None:
    bootstrap(cloud, replace(ready, bucket=f"{ready.bucket}-b"))
    assert not any(one.changed for one in bootstrap(cloud, ready))


def test_the_policy_of_operators_goes_on_to_name_what_it_named(cloud: Cloud, ready: BootstrapRequest) -> None:
    bootstrap(cloud, replace(ready, bucket=f"{ready.bucket}-b"))
    assert not piece(bootstrap(cloud, ready), f"policy {OPERATOR_POLICY}").changed


def test_an_operator_may_sign_with_the_key_that_is_named(cloud: Cloud, ready: BootstrapRequest) -> None:
    arn = cloud.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    bootstrap(cloud, replace(ready, key=arn))
    bootstrap(cloud, ready)
    version = cloud.iam.get_policy(PolicyArn=OPERATOR_ARN)["Policy"]["DefaultVersionId"]
    document = cloud.iam.get_policy_version(PolicyArn=OPERATOR_ARN, VersionId=version)["PolicyVersion"]["Document"]
    assert arn in json.dumps(document)


def test_a_key_that_is_not_there_is_refused(cloud: Cloud, request_: BootstrapRequest) -> None:
    with pytest.raises(NotFound, match="no key alias/none"):
        bootstrap(cloud, replace(request_, key="alias/none"))


def test_a_device_policy_that_differs_gets_another_version(cloud: Cloud, ready: BootstrapRequest) -> None:
    wide = json.dumps({"Version": "2012-10-17", "Statement": []})
    cloud.iot.create_policy_version(policyName=DEVICE_POLICY, policyDocument=wide, setAsDefault=True)
    changed = piece(bootstrap(cloud, ready), f"IoT policy {DEVICE_POLICY}")
    assert (changed.found, changed.changed) == ("differs", True)
    assert not any(one.changed for one in bootstrap(cloud, ready))


def test_the_policy_of_operators_can_be_changed_more_often_than_it_keeps_versions(
    cloud: Cloud, request_: BootstrapRequest
) -> None:
    requests = [replace(request_, bucket=f"{request_.bucket}-{number}") for number in range(6)]
    for one in requests:
        bootstrap(cloud, one)
    assert not any(one.changed for one in bootstrap(cloud, requests[0]))


def test_the_oldest_version_of_the_device_policy_makes_room(cloud: Cloud, ready: BootstrapRequest) -> None:
    before = device_policy_versions(cloud)
    while len(before) < 5:
        other = json.dumps({"Version": "2012-10-17", "Statement": [], "Id": str(len(before))})
        cloud.iot.create_policy_version(policyName=DEVICE_POLICY, policyDocument=other, setAsDefault=True)
        before = device_policy_versions(cloud)
    bootstrap(cloud, ready)
    assert device_policy_versions(cloud) == [*before[1:], before[-1] + 1]


def test_the_command_says_of_each_piece_what_was_done(fota: FotaCommand, request_: BootstrapRequest) -> None:
    named = ("--bucket", request_.bucket, "--role", request_.role)
    dry, made, again = fota("bootstrap", *named, "--dry-run"), fota("bootstrap", *named), fota("bootstrap", *named)
    assert dry.stdout.splitlines()[1].startswith(f"would be made     bucket {request_.bucket} ")
    assert made.stdout.splitlines()[1].startswith(f"made      bucket {request_.bucket} ")
    assert again.stdout.splitlines()[1].startswith(f"right     bucket {request_.bucket} ")
    assert "Of 12 pieces, 0 were made or changed" in again.stderr


def test_the_command_can_answer_in_json(fota: FotaCommand, request_: BootstrapRequest) -> None:
    outcomes = json.loads(fota("bootstrap", "--bucket", request_.bucket, "--dry-run", "--json").stdout)
    assert outcomes[0] == {
        "subject": f"bucket {request_.bucket}",
        "found": "missing",
        "text": "it is ours, in us-east-1",
        "why": "there is no such bucket",
        "changed": False,
    }


def test_the_default_bucket_names_account_and_region(cloud: Cloud) -> None:
    assert default_bucket(cloud) == "fota-000000000000-us-east-1"


def device_policy_versions(cloud: Cloud) -> list[int]:
    listed = cloud.iot.list_policy_versions(policyName=DEVICE_POLICY)["policyVersions"]
    return sorted(int(one["versionId"]) for one in listed)
