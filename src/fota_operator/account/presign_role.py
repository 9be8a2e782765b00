"""The role that AWS IoT assumes to sign the URLs of images: its trust, and its permission to read them.

Leaves to others: what its documents say (`policies`).
"""

import re
from typing import TYPE_CHECKING

from fota_boot.doctor.findings import OK
from fota_operator.account.names import PRESIGN_ROLE, ROLE_NAME
from fota_operator.account.our_role import Account, OurRole
from fota_operator.account.pieces import RIGHT, Absent, Look, Piece, differs, looking, missing
from fota_operator.account.policies import Document, read_policy, trust_policy
from fota_operator.account.policy_findings import IOT_SERVICE, trust_findings
from fota_operator.account.policy_statements import parse_statements
from fota_operator.errors import IAM_NOT_FOUND, AlreadyThere, BadInput

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import TagTypeDef


def role_pieces(account: Account, role: str, bucket: str, key_arn: str | None = None) -> tuple[Piece, Piece]:
    """The role, and its permission to read the bucket, which is encrypted by a KMS key or not. *Raises* BadInput."""
    if not re.fullmatch(ROLE_NAME, role, re.ASCII):
        raise BadInput(f"{role!r} is no name of a role", "use 1 to 64 letters, digits and + = , . @ _ -")
    return (
        Piece(
            f"role {role}",
            "AWS IoT may assume it, for jobs of this account, and nobody else",
            lambda: _role(account, role),
            lambda: _make_role(account, role, bucket),
        ),
        Piece(
            f"role {role}, permissions",
            f"it may read s3://{bucket}/fota/*" + ("" if key_arn is None else f", and decrypt by {key_arn}"),
            lambda: _reads(account, role, bucket, key_arn),
            lambda: _let_read(account, role, bucket, key_arn),
        ),
    )


def _role(account: Account, role: str) -> Look:
    try:
        with looking(f"the role {role}", IAM_NOT_FOUND):
            found = account.cloud.iam.get_role(RoleName=role)["Role"]
    except Absent:
        return missing("there is no such role")
    # boto3 decodes this policy to a dictionary, whatever its type hints say.
    trust: object = found.get("AssumeRolePolicyDocument")
    findings = trust_findings(role, trust, partition=account.partition, account_id=account.account_id)
    wrong = [finding.text for finding in findings if finding.level != OK]
    if not wrong:
        return RIGHT
    if not _is_ours(account, role, found.get("Tags", []), trust):
        raise AlreadyThere(
            f"the role {role} is not ours to change, and {'; '.join(wrong)}",
            "name another with `role`, or mend its trust policy by hand",
        )
    return differs("; ".join(wrong))


def _is_ours(account: Account, role: str, tags: "list[TagTypeDef]", trust: object) -> bool:
    # Before `fota bootstrap` existed, people made a role of this name by hand; only AWS IoT could assume it.
    served = {who for statement in parse_statements(trust) for who in statement.principals}
    return account.tags[0] in tags or (role == PRESIGN_ROLE and served == {IOT_SERVICE})


def _reader(account: Account, role: str, bucket: str) -> OurRole:
    return OurRole(account, role, f"read s3://{bucket}/fota/*")


def _make_role(account: Account, role: str, bucket: str) -> None:
    trust = trust_policy(partition=account.partition, account_id=account.account_id)
    _reader(account, role, bucket).make(trust, "AWS IoT signs the URLs of firmware images by it")


def _reads(account: Account, role: str, bucket: str, key_arn: str | None) -> Look:
    return _reader(account, role, bucket).look_at(_read_name(bucket), _read_wanted(account, bucket, key_arn))


def _let_read(account: Account, role: str, bucket: str, key_arn: str | None) -> None:
    _reader(account, role, bucket).let(_read_name(bucket), _read_wanted(account, bucket, key_arn))


def _read_wanted(account: Account, bucket: str, key_arn: str | None) -> Document:
    return read_policy(f"arn:{account.partition}:s3:::{bucket}", key_arn)


def _read_name(bucket: str) -> str:
    """One policy for each bucket: a role serves all regions of an account."""
    return f"fota-read-{bucket}"
