"""Makes the policies of devices and of operators, and keeps them current.

Leaves to others: what they allow (`device_policy`, `policies`), and whom they are given to.
"""

import json

from fota_operator.account.device_policy import policy_document
from fota_operator.account.names import DEVICE_POLICY, OPERATOR_POLICY
from fota_operator.account.our_role import Account
from fota_operator.account.pieces import RIGHT, Absent, Look, Piece, differs, looking, missing
from fota_operator.account.policies import Document, Scope, operator_policy, require_fits, scope_of
from fota_operator.account.policy_differences import policy_differences
from fota_operator.bounded_text import parse_json
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IAM_NOT_FOUND, IOT_ALREADY_EXISTS, IOT_NOT_FOUND, AlreadyThere, CloudRefused

# The limit of IAM and of AWS IoT. At the limit we delete the oldest version not in use, since the policy is ours.
MAX_POLICY_VERSIONS = 5


def device_policy_piece(account: Account) -> Piece:
    """The AWS IoT policy that every device of ours may have."""
    prefix = f"arn:{account.partition}:iot:{account.cloud.region}:{account.account_id}"
    wanted = policy_document(prefix)
    return Piece(
        f"IoT policy {DEVICE_POLICY}",
        "it allows a device what an update needs, under its own name",
        lambda: _device_policy(account.cloud, wanted),
        lambda: _make_device_policy(account.cloud, wanted),
    )


def operator_policy_piece(account: Account, scope: Scope) -> Piece:
    """The managed policy of operators; it keeps the buckets, roles and keys that it already names."""
    return Piece(
        f"policy {OPERATOR_POLICY}",
        "it allows an operator what this command does, and no more",
        lambda: _operator_policy(account, scope),
        lambda: _make_operator_policy(account, scope),
    )


def _device_policy(cloud: Cloud, wanted: str) -> Look:
    try:
        with looking(f"the IoT policy {DEVICE_POLICY}", IOT_NOT_FOUND):
            found = cloud.iot.get_policy(policyName=DEVICE_POLICY)["policyDocument"]
    except Absent:
        return missing("there is no such policy")
    try:
        is_right = parse_json(found) == parse_json(wanted)
    except ValueError:
        return differs("it is no JSON")
    return RIGHT if is_right else differs(policy_differences(found, wanted))


def _make_device_policy(cloud: Cloud, wanted: str) -> None:
    try:
        with explaining(f"make the IoT policy {DEVICE_POLICY}"):
            cloud.iot.create_policy(policyName=DEVICE_POLICY, policyDocument=wanted)
    except CloudRefused as error:
        if error.code != IOT_ALREADY_EXISTS:
            raise
        _rewrite_device_policy(cloud, wanted)


def _rewrite_device_policy(cloud: Cloud, wanted: str) -> None:
    with explaining(f"make room for another version of the IoT policy {DEVICE_POLICY}"):
        versions = cloud.iot.list_policy_versions(policyName=DEVICE_POLICY)["policyVersions"]
        if len(versions) >= MAX_POLICY_VERSIONS:
            unused = [one for one in versions if not one["isDefaultVersion"]]
            oldest = min(unused, key=lambda one: one["createDate"])["versionId"]
            cloud.iot.delete_policy_version(policyName=DEVICE_POLICY, policyVersionId=oldest)
    with explaining(f"change the IoT policy {DEVICE_POLICY}"):
        cloud.iot.create_policy_version(policyName=DEVICE_POLICY, policyDocument=wanted, setAsDefault=True)


def _operator_policy(account: Account, scope: Scope) -> Look:
    arn, iam = _operator_arn(account), account.cloud.iam
    try:
        found = _operator_document(account)
    except Absent:
        return missing("there is no such policy")
    wanted = _operator_wanted(account, scope, found)
    if found == wanted:
        return RIGHT
    with explaining(f"ask who made the policy {OPERATOR_POLICY}"):
        tags = iam.get_policy(PolicyArn=arn)["Policy"].get("Tags", [])
    if account.tags[0] not in tags:
        raise AlreadyThere(f"the policy {OPERATOR_POLICY} is not ours to change", "rename it, or delete it")
    return differs(policy_differences(found, wanted))


def _make_operator_policy(account: Account, scope: Scope) -> None:
    try:
        found = _operator_document(account)
    except Absent:
        with explaining(f"make the policy {OPERATOR_POLICY}"):
            account.cloud.iam.create_policy(
                PolicyName=OPERATOR_POLICY,
                PolicyDocument=json.dumps(_operator_wanted(account, scope, {})),
                Description="What an operator of `fota` needs",
                Tags=account.tags,
            )
    else:
        _rewrite_operator_policy(account, _operator_wanted(account, scope, found))


def _rewrite_operator_policy(account: Account, wanted: Document) -> None:
    arn, iam = _operator_arn(account), account.cloud.iam
    with explaining(f"make room for another version of the policy {OPERATOR_POLICY}"):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= MAX_POLICY_VERSIONS:
            unused = [one for one in versions if not one["IsDefaultVersion"]]
            oldest = min(unused, key=lambda one: one["CreateDate"])["VersionId"]
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest)
    with explaining(f"change the policy {OPERATOR_POLICY}"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(wanted), SetAsDefault=True)


def _operator_document(account: Account) -> object:
    arn, iam = _operator_arn(account), account.cloud.iam
    with looking(f"the policy {OPERATOR_POLICY}", IAM_NOT_FOUND):
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _operator_wanted(account: Account, scope: Scope, found: object) -> Document:
    both = scope | scope_of(found)
    wanted = operator_policy(both, partition=account.partition, account_id=account.account_id)
    if not account.cloud.is_stand_in:
        # Only IAM itself has that limit.
        require_fits(wanted)
    return wanted


def _operator_arn(account: Account) -> str:
    return f"arn:{account.partition}:iam::{account.account_id}:policy/{OPERATOR_POLICY}"
