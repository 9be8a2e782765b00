"""The policies that bootstrap writes, compared with what the code asks for and with what AWS takes."""

import json
import re
from pathlib import Path

import pytest

import fota_operator
from fota_operator.account.policies import Scope, operator_policy, scope_of

from .aws_calls import actions_of

ACCOUNT = "111122223333"
SCOPE = Scope(
    buckets=frozenset({"arn:aws:s3:::releases"}),
    roles=frozenset({f"arn:aws:iam::{ACCOUNT}:role/signer"}),
    keys=frozenset({f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"}),
)
# IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MOST_POLICY_CHARACTERS = 6144
PACKAGE = Path(fota_operator.__file__).parent
# Run by whoever owns the account, or against the local AWS.
BY_OTHERS = (
    "account/bootstrap.py",
    "account/bucket.py",
    "account/grants.py",
    "account/presign_role.py",
    "local/*.py",
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
    looks = actions_of((PACKAGE / "account/bucket.py").read_text())
    return actions | {action for action in looks if re.match(r"s3:(Get|List)", action)}


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
        "iot:CreateCertificateFromCsr", "iot:DescribeEndpoint", "iot:GetIndexingConfiguration", "iot:ListJobs",
        "iot:ListPolicies",
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
    assert len(json.dumps(written(scope), separators=(",", ":"))) <= MOST_POLICY_CHARACTERS


def test_without_a_key_an_operator_may_not_sign() -> None:
    assert "kms" not in json.dumps(written(Scope(SCOPE.buckets, SCOPE.roles)))


def test_the_scope_of_a_policy_is_read_back_from_it() -> None:
    assert scope_of(written()) == SCOPE


@pytest.mark.parametrize(
    "document", [{}, None, {"Statement": [{"Sid": "another", "Resource": "x"}]}, {"Statement": {}}]
)
def test_the_scope_of_another_policy_is_empty(document: object) -> None:
    assert scope_of(document) == Scope()
