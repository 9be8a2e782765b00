"""The bucket for releases: that it is ours, keeps versions, is encrypted, private, and speaks TLS only.

A setting that is as good or better is not changed, nor is anything else in its policy and its lifecycle rules.
Leaves to others: what is in it (`jobs.image_store`).
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from fota_operator.account.names import BUCKET_NAME
from fota_operator.account.pieces import RIGHT, Absent, Look, Piece, differs, looking, missing
from fota_operator.account.policies import tls_statement
from fota_operator.account.policy_findings import refuses_plain_http
from fota_operator.bounded_text import parse_json
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import AlreadyThere, BadInput, CloudRefused, OperatorError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import (
        CreateBucketConfigurationTypeDef,
        LifecycleRuleOutputTypeDef,
        LifecycleRuleUnionTypeDef,
    )

# A HEAD answer has no body: for it, boto3's code is the HTTP status as text.
_NO_BUCKET = ("404", "NoSuchBucket", "NotFound")
_OF_ANOTHER = {"403", "AccessDenied", "AccessDeniedException"}
_NO_ENCRYPTION = ("ServerSideEncryptionConfigurationNotFoundError",)
# The one region that must not be named to S3: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
_UNNAMED_REGION = "us-east-1"
_UNFINISHED_DAYS = 7
NO_BUCKET_YET = missing("its bucket is not there")
"""What a look at any setting finds while there is no bucket."""
_ALL_PUBLIC_ACCESS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def bucket_pieces(cloud: Cloud, bucket: str) -> tuple[Piece, ...]:
    """The bucket and its settings, in the order in which they can be made. *Raises* BadInput."""
    if not re.fullmatch(BUCKET_NAME, bucket):
        raise BadInput(f"{bucket!r} is no name of a bucket", "use 3 to 63 lower-case letters, digits, dots and -")
    subject = f"bucket {bucket}"
    settings: tuple[tuple[str, str, _LookAt, _Change], ...] = (
        ("versions", "it keeps every version of its objects", _versions, _keep_versions),
        ("encryption", "it is encrypted", _encryption, _encrypt),
        ("privacy", "public access is blocked", _privacy, _block_public_access),
        ("TLS", "it refuses plain HTTP", _tls, _refuse_plain_http),
        ("leftovers", "unfinished uploads are removed", _leftovers, _remove_leftovers),
    )
    return (
        Piece(
            subject, f"it is ours, in {cloud.region}", lambda: _bucket(cloud, bucket), lambda: _make(cloud, bucket)
        ),
        *(_setting(cloud, bucket, *setting) for setting in settings),
    )


_LookAt = Callable[[Cloud, str], Look]
_Change = Callable[[Cloud, str], object]


def _setting(cloud: Cloud, bucket: str, name: str, text: str, look_at: _LookAt, change: _Change) -> Piece:
    subject = f"bucket {bucket}, {name}"

    def look() -> Look:
        try:
            with looking(f"the {name} of the bucket {bucket}", *_NO_BUCKET):
                return look_at(cloud, bucket)
        except Absent:
            return NO_BUCKET_YET

    def make() -> None:
        with explaining(f"set the {name} of the bucket {bucket}"):
            change(cloud, bucket)

    return Piece(subject, text, look, make)


def _bucket(cloud: Cloud, bucket: str) -> Look:
    try:
        with looking(f"the bucket {bucket}", *_NO_BUCKET):
            # The name can be guessed: somebody else may have made this bucket, and would get our images.
            head = cloud.s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=cloud.account_id)
    except Absent:
        return missing("there is no such bucket")
    except CloudRefused as error:
        if error.code in _OF_ANOTHER:
            raise _not_ours(bucket) from error
        raise
    region = head.get("BucketRegion") or cloud.region
    if region != cloud.region:
        raise AlreadyThere(f"the bucket {bucket} is in {region}, not in {cloud.region}", _ANOTHER_NAME)
    return RIGHT


_ANOTHER_NAME = "name another with `bucket`"


def _not_ours(bucket: str) -> AlreadyThere:
    return AlreadyThere(
        f"the bucket {bucket} belongs to another account, or you may not look at it",
        f"{_ANOTHER_NAME}, or allow s3:ListBucket to the user or role whose credentials you use",
    )


def _make(cloud: Cloud, bucket: str) -> None:
    # boto3's type hints list the regions known when they were written; AWS may have more.
    where: CreateBucketConfigurationTypeDef = {"LocationConstraint": cloud.region}  # type: ignore[typeddict-item]
    try:
        with explaining(f"make the bucket {bucket}"):
            if cloud.region == _UNNAMED_REGION:
                cloud.s3.create_bucket(Bucket=bucket)
            else:
                cloud.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    except CloudRefused as error:
        if error.code == "BucketAlreadyExists":
            raise _not_ours(bucket) from error
        # An answer to us was lost and boto3 asked again.
        if error.code != "BucketAlreadyOwnedByYou":
            raise


def _versions(cloud: Cloud, bucket: str) -> Look:
    status = cloud.s3.get_bucket_versioning(Bucket=bucket).get("Status")
    if status == "Enabled":
        return RIGHT
    why = "it keeps no versions, and a release is one version of an object"
    return missing(why) if status is None else differs(why)


def _keep_versions(cloud: Cloud, bucket: str) -> object:
    return cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def _encryption(cloud: Cloud, bucket: str) -> Look:
    try:
        with looking(f"the encryption of the bucket {bucket}", *_NO_ENCRYPTION):
            cloud.s3.get_bucket_encryption(Bucket=bucket)
    except Absent:
        return missing("it is not encrypted")
    return RIGHT


def bucket_key(cloud: Cloud, bucket: str) -> str | None:
    """The ARN of the customer's KMS key that the bucket encrypts by; None for a key of AWS's own, or no bucket.

    A role or user that reads or writes there needs that key too. *Raises* CloudRefused.
    """
    try:
        # A bucket of another account, which the look at the bucket refuses, must not bring its key into our policies.
        with looking(f"the encryption of the bucket {bucket}", *_NO_BUCKET, *_OF_ANOTHER, *_NO_ENCRYPTION):
            answer = cloud.s3.get_bucket_encryption(Bucket=bucket, ExpectedBucketOwner=cloud.account_id)
        found = answer["ServerSideEncryptionConfiguration"]["Rules"]
    except Absent:
        return None
    defaults = [rule.get("ApplyServerSideEncryptionByDefault") for rule in found]
    named = [one.get("KMSMasterKeyID") for one in defaults if one and one["SSEAlgorithm"].startswith("aws:kms")]
    key = next((one for one in named if one), None)
    if key is None or ":key/" in key:
        return key
    with explaining(f"look up the key {key} of the bucket {bucket}"):
        about = cloud.kms.describe_key(KeyId=key)["KeyMetadata"]
    return None if about.get("KeyManager") == "AWS" else about["Arn"]


def _encrypt(cloud: Cloud, bucket: str) -> object:
    return cloud.s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )


def _privacy(cloud: Cloud, bucket: str) -> Look:
    try:
        with looking(f"the public access of the bucket {bucket}", "NoSuchPublicAccessBlockConfiguration"):
            blocked = cloud.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except Absent:
        return missing("public access is not blocked")
    lacking = [name for name in _ALL_PUBLIC_ACCESS if blocked.get(name) is not True]
    return differs(f"public access is not wholly blocked: no {', '.join(lacking)}") if lacking else RIGHT


def _block_public_access(cloud: Cloud, bucket: str) -> object:
    return cloud.s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )


def _tls(cloud: Cloud, bucket: str) -> Look:
    policy = _policy(cloud, bucket)
    if policy is None:
        return missing("it takes plain HTTP")
    if not refuses_plain_http(policy, bucket=bucket, partition=cloud.partition):
        return differs("it takes plain HTTP: no statement of its policy refuses that")
    return RIGHT


def _refuse_plain_http(cloud: Cloud, bucket: str) -> object:
    policy = _parsed(_policy(cloud, bucket) or '{"Version": "2012-10-17"}', bucket)
    others = policy.get("Statement", [])
    ours = tls_statement(f"arn:{cloud.partition}:s3:::{bucket}")
    policy["Statement"] = [
        *(
            one
            for one in (others if isinstance(others, list) else [others])
            # It has our name but not our content: it is written again.
            if not isinstance(one, dict) or one.get("Sid") != ours["Sid"]
        ),
        ours,
    ]
    return cloud.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def _parsed(policy: str, bucket: str) -> dict[str, object]:
    """*Raises* OperatorError for what is no policy: it is not ours to replace."""
    with suppress(ValueError):
        found = parse_json(policy)
        if isinstance(found, dict):
            return found
    raise OperatorError(f"the policy of the bucket {bucket} is no JSON object", "look at it in the console of S3")


def _policy(cloud: Cloud, bucket: str) -> str | None:
    try:
        with looking(f"the policy of the bucket {bucket}", "NoSuchBucketPolicy"):
            return cloud.s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except Absent:
        return None


def _leftovers(cloud: Cloud, bucket: str) -> Look:
    for rule in _rules(cloud, bucket):
        everywhere = not rule.get("Prefix") and not any((rule.get("Filter") or {}).values())
        if rule["Status"] == "Enabled" and "AbortIncompleteMultipartUpload" in rule and everywhere:
            return RIGHT
    return missing("what is left of uploads that broke off stays, and costs")


def _remove_leftovers(cloud: Cloud, bucket: str) -> object:
    ours: LifecycleRuleUnionTypeDef = {
        "ID": "fota-unfinished-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _UNFINISHED_DAYS},
    }
    others = [rule for rule in _rules(cloud, bucket) if rule.get("ID") != "fota-unfinished-uploads"]
    return cloud.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [*others, ours]}
    )


def _rules(cloud: Cloud, bucket: str) -> "list[LifecycleRuleOutputTypeDef]":
    try:
        with looking(f"the lifecycle of the bucket {bucket}", "NoSuchLifecycleConfiguration"):
            return cloud.s3.get_bucket_lifecycle_configuration(Bucket=bucket).get("Rules", [])
    except Absent:
        return []
