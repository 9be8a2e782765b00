"""The policies that bootstrap writes, compared with what the code asks for and with what AWS takes."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import fota_operator
from fota_operator.account.bucket import bucket_key
from fota_operator.account.policies import (
    MAX_POLICY_CHARACTERS,
    Scope,
    operator_policy,
    read_policy,
    require_fits,
    scope_of,
)
from fota_operator.account.policy_findings import read_findings
from fota_operator.errors import BadInput
from tests.labs.aws_calls import actions_of

ACCOUNT = "111122223333"
SCOPE = Scope(
    buckets=frozenset({"arn:aws:s3:::releases"}),
    roles=frozenset({f"arn:aws:iam::{ACCOUNT}:role/signer"}),
    keys=frozenset({f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"}),
)
PACKAGE = Path(fota_operator.__file__).parent
# Run by whoever owns the account, or against the local AWS.
BY_OTHERS = (
    "account/bootstrap.py",
    "account/bucket.py",
    "account/catalog.py",
    "account/fleet_index.py",
    "account/grants.py",
    "account/notify.py",
    "account/our_role.py",
    "account/presign_role.py",
    "local/**/*.py",
    "demo/**/*.py",
)


def written(scope: Scope = SCOPE) -> dict[str, object]:
    return operator_policy(scope, partition="aws", account_id=ACCOUNT)


def statements(scope: Scope = SCOPE) -> list[dict[str, list[str]]]:
    found = written(scope)["Statement"]
    assert isinstance(found, list)
    return found


def asked_for() -> set[str]:
    """By the operator's commands: those of the package, but for BY_OTHERS; the doctor looks at the bucket as
    bootstrap does, and changes nothing.
    """
    left_out = {path for pattern in BY_OTHERS for path in PACKAGE.glob(pattern)}
    actions = set().union(*(actions_of(path.read_text()) for path in set(PACKAGE.rglob("*.py")) - left_out))
    looked = [
        PACKAGE / "account" / name
        for name in ("bucket.py", "catalog.py", "fleet_index.py", "notify.py", "our_role.py")
    ]
    looks = set().union(*(actions_of(path.read_text()) for path in looked))
    return actions | {action for action in looks if re.match(r"(s3|iot|iam|sns):(Get|List)|iot:DescribeEv", action)}


def test_an_operator_is_allowed_what_this_package_asks_for_and_nothing_else() -> None:
    allowed = {action for statement in statements() for action in statement["Action"]}
    compared = {"not allowed": asked_for() - allowed, "not asked for": allowed - asked_for()}
    assert compared == {"not allowed": set(), "not asked for": set()}


@pytest.mark.parametrize(
    ("source", "actions"),
    [
        ("cloud.iot.describe_job(jobId=1)", {"iot:DescribeJob"}),
        ("self._cloud.s3.head_bucket()", {"s3:ListBucket"}),
        ("cloud.iot.get_paginator('list_jobs')", {"iot:ListJobs"}),
        ("iam.get_role()", {"iam:GetRole"}),
        ("cloud.iot.create_job()", {"iot:CreateJob", "iot:TagResource", "iam:PassRole"}),
        ("cloud.iot.meta.events", set()),
        ("cloud.region", set()),
    ],
)
def test_what_code_asks_for_is_seen_in_its_source(source: str, actions: set[str]) -> None:
    assert actions_of(source) == actions


def test_the_policy_of_an_operator_has_no_wildcard_where_there_could_be_less() -> None:
    everywhere = {
        action for statement in statements() if "*" in statement["Resource"] for action in statement["Action"]
    }
    # AWS lets none of these be confined to a resource.
    assert everywhere == {
        "iot:CreateCertificateFromCsr", "iot:DescribeEndpoint", "iot:DescribeEventConfigurations",
        "iot:GetIndexingConfiguration", "iot:GetPackageConfiguration", "iot:ListJobs", "iot:ListPolicies",
        "iot:ListThingGroups", "iot:ListThings", "iot:ListTopicRules", "s3:ListAllMyBuckets",
    }  # fmt: skip


def test_the_policy_of_an_operator_names_no_other_account() -> None:
    owners = {resource.split(":")[4] for one in statements() for resource in one["Resource"] if resource != "*"}
    # S3 has no account in its ARNs; the policies of AWS's own are in an account called `aws`.
    assert owners == {ACCOUNT, "", "aws"}


def test_the_policy_of_an_operator_fits_with_three_regions_and_the_longest_names() -> None:
    scope = Scope(
        buckets=frozenset(f"arn:aws-us-gov:s3:::{'b' * 62}{number}" for number in range(3)),
        roles=frozenset({f"arn:aws-us-gov:iam::{ACCOUNT}:role/{'r' * 64}"}),
        keys=frozenset(f"arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:key/{'0' * 36}{number}" for number in range(3)),
    )
    assert len(json.dumps(written(scope), separators=(",", ":"))) <= MAX_POLICY_CHARACTERS


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/9"
OF_KEY = Scope(SCOPE.buckets, SCOPE.roles, SCOPE.keys, frozenset({KEY}))


def many(regions: int) -> Scope:
    return Scope(
        buckets=frozenset(f"arn:aws:s3:::fota-{ACCOUNT}-eu-west-{number}" for number in range(regions)),
        roles=SCOPE.roles,
        keys=SCOPE.keys,
    )


@pytest.mark.parametrize("regions", [1, 13, 14, 20, 35])
def test_the_policy_of_an_operator_fits_however_many_regions_there_are(regions: int) -> None:
    document = written(many(regions))
    assert len(json.dumps(document, separators=(",", ":"))) <= MAX_POLICY_CHARACTERS
    # As bootstrap in each further region does: what it finds there and what it adds are the same policy again.
    assert written(scope_of(document) | many(regions)) == document


def test_a_pattern_of_buckets_is_for_this_account_alone() -> None:
    of_buckets = [one for one in statements(many(35)) if any(":s3:::" in named for named in one["Resource"])]
    assert len(of_buckets) == 2
    for one in of_buckets:
        assert json.dumps(one["Condition"]) == json.dumps({"StringEquals": {"s3:ResourceAccount": ACCOUNT}})
        assert all(named.startswith(f"arn:aws:s3:::fota-{ACCOUNT}-*") for named in one["Resource"])


def test_a_policy_that_cannot_fit_is_refused_with_its_length() -> None:
    scope = Scope(frozenset(f"arn:aws:s3:::releases-{number}" for number in range(60)), SCOPE.roles)
    with pytest.raises(BadInput, match=r"would have \d+ characters, and IAM takes 6144: it names 60 buckets"):
        require_fits(written(scope))
    require_fits(written())


def test_a_bucket_under_a_key_of_the_customer_is_read_and_written_with_that_key() -> None:
    (granted,) = [one for one in statements(OF_KEY) if one["Resource"] == [KEY]]
    assert granted["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert scope_of(written(OF_KEY)) == OF_KEY
    assert "kms" not in json.dumps(read_policy("arn:aws:s3:::releases"))
    reading = read_policy("arn:aws:s3:::releases", KEY)["Statement"]
    assert isinstance(reading, list)
    assert [(one["Action"], one["Resource"]) for one in reading][1:] == [(["kms:Decrypt"], [KEY])]


def read_by(document: object, key: str | None) -> list[tuple[str, str]]:
    found = read_findings("signer", [document], bucket="releases", partition="aws", key_arn=key)
    return [(one.level, one.text) for one in found]


def test_the_doctor_says_that_nobody_can_download_from_a_bucket_whose_key_the_role_may_not_use() -> None:
    ((level, text),) = read_by(read_policy("arn:aws:s3:::releases"), KEY)
    assert (level, text.startswith(f"it may not kms:Decrypt by {KEY}")) == ("error", True)


def test_the_doctor_does_not_advise_to_take_the_key_of_the_bucket_away() -> None:
    assert [level for level, _ in read_by(read_policy("arn:aws:s3:::releases", KEY), KEY)] == ["ok"]


def test_every_key_is_more_than_a_url_needs() -> None:
    wide = json.loads(json.dumps(read_policy("arn:aws:s3:::releases", KEY)).replace(KEY, "*"))
    assert "warning" in [level for level, _ in read_by(wide, KEY)]


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ({"SSEAlgorithm": "AES256"}, None),
        ({"SSEAlgorithm": "aws:kms"}, None),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, KEY),
        ({"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": KEY}, KEY),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/releases"}, KEY),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"}, None),
    ],
)
def test_the_key_of_a_bucket_is_read_from_its_encryption(default: dict[str, str], expected: str | None) -> None:
    rules = {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}}

    def describe_key(KeyId: str) -> object:  # noqa: N803 - as boto3 calls it
        return {"KeyMetadata": {"Arn": KEY, "KeyManager": "AWS" if "/aws/" in KeyId else "CUSTOMER"}}

    cloud = SimpleNamespace(
        account_id=ACCOUNT,
        s3=SimpleNamespace(get_bucket_encryption=lambda **_: rules),
        kms=SimpleNamespace(describe_key=describe_key),
    )
    assert bucket_key(cloud, "releases") == expected  # type: ignore[arg-type]


def test_without_a_key_an_operator_may_not_sign() -> None:
    assert "kms" not in json.dumps(written(Scope(SCOPE.buckets, SCOPE.roles)))


def test_the_scope_of_a_policy_is_read_back_from_it() -> None:
    assert scope_of(written()) == SCOPE


@pytest.mark.parametrize(
    "document", [{}, None, {"Statement": [{"Sid": "another", "Resource": "x"}]}, {"Statement": {}}]
)
def test_the_scope_of_another_policy_is_empty(document: object) -> None:
    assert scope_of(document) == Scope()
