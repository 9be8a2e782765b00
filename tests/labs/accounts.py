"""What tests of bootstrap and doctor arrange with: names that nobody has, settings that are not right, users who may
do only so much.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fota_boot.doctor.findings import Finding
from fota_operator.account.bootstrap import BootstrapRequest, bootstrap
from fota_operator.account.doctor import DoctorRequest
from fota_operator.account.names import OPERATOR_POLICY
from fota_operator.cloud import Access, Cloud, connect
from fota_operator.local.aws import LocalAws

OPERATOR_ARN = f"arn:aws:iam::000000000000:policy/{OPERATOR_POLICY}"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Spoilt:
    """A setting of the bucket, and how to spoil it; what bootstrap then finds, and how bad a doctor calls it."""

    setting: str
    spoil: Callable[[Any, str | None], object]
    found: str
    level: str = "error"


def _suspend_versions(s3: Any, bucket: str | None) -> object:
    return s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _block_acls_alone(s3: Any, bucket: str | None) -> object:
    return s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})


SPOILT = (
    Spoilt("versions", _suspend_versions, "differs"),
    Spoilt("privacy", lambda s3, bucket: s3.delete_public_access_block(Bucket=bucket), "missing"),
    Spoilt("privacy", _block_acls_alone, "differs"),
    Spoilt("TLS", lambda s3, bucket: s3.delete_bucket_policy(Bucket=bucket), "missing"),
    Spoilt("leftovers", lambda s3, bucket: s3.delete_bucket_lifecycle(Bucket=bucket), "missing", "warning"),
)


def new_request() -> BootstrapRequest:
    """For a bucket and a role that are not there."""
    name = f"bootstrap-{next(_NUMBERS)}"
    return BootstrapRequest(bucket=name, role=name)


def access_to(local_aws: LocalAws) -> Access:
    """As its root user."""
    environment = local_aws.environment()
    return Access(
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        ca_bundle=environment["AWS_CA_BUNDLE"],
        region=environment["AWS_DEFAULT_REGION"],
        access_key_id=environment["AWS_ACCESS_KEY_ID"],
        secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def as_new_user(cloud: Cloud, local_aws: LocalAws, *policies: str, allowed: tuple[str, ...] = ()) -> Cloud:
    """The cloud as a new user sees it, who has these managed policies and is allowed these actions on everything."""
    return connect(access_of_new_user(cloud, local_aws, *policies, allowed=allowed))


def access_of_new_user(cloud: Cloud, local_aws: LocalAws, *policies: str, allowed: tuple[str, ...] = ()) -> Access:
    """As a new user, who has these managed policies and is allowed these actions on everything."""
    name = f"user-{next(_NUMBERS)}"
    cloud.iam.create_user(UserName=name)
    for arn in policies:
        cloud.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    if allowed:
        statement = {"Effect": "Allow", "Action": list(allowed), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        cloud.iam.put_user_policy(UserName=name, PolicyName="more", PolicyDocument=document)
    key = cloud.iam.create_access_key(UserName=name)["AccessKey"]
    return replace(access_to(local_aws), access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


@pytest.fixture
def ready(cloud: Cloud) -> BootstrapRequest:
    request = new_request()
    bootstrap(cloud, request)
    return request


def asking(request: BootstrapRequest, **others: Any) -> DoctorRequest:
    return replace(DoctorRequest(bucket=request.bucket, role=request.role), **others)


def of(findings: Iterator[Finding], subject: str) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in findings if one.subject == subject]
