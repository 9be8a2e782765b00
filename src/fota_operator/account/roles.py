"""Checks the role that AWS IoT assumes to sign the URL of an image: it exists, and AWS IoT may assume it.

Leaves to others: making it (`bootstrap`). Only a device's download shows what it may read in S3.
"""

from collections.abc import Mapping

from fota_operator.account.policy_findings import IOT_SERVICE, iot_may_assume
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IAM_NOT_FOUND, BadInput, CloudRefused, NotFound

TRUST_IOT: Mapping[str, object] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": IOT_SERVICE}, "Action": "sts:AssumeRole"},
    ],
}
"""The smallest trust policy that this role needs; `fota bootstrap` adds conditions."""


def presign_role_arn(cloud: Cloud, role: str) -> str:
    """The ARN of a role, given by name or ARN, that AWS IoT may assume. *Raises* NotFound, BadInput."""
    name = role.rsplit("/", 1)[-1]
    try:
        with explaining(f"look up the role {name}"):
            found = cloud.iam.get_role(RoleName=name)["Role"]
    except CloudRefused as error:
        if error.code == IAM_NOT_FOUND:
            raise NotFound(
                f"there is no role {name} in account {cloud.account_id}",
                "make it with `fota bootstrap`, or name another",
            ) from error
        raise
    if role.startswith("arn:") and role != found["Arn"]:
        raise NotFound(f"there is no role {role}", f"the one of that name here is {found['Arn']}")
    # boto3 decodes this policy to a dictionary, whatever its type hints say.
    trust: object = found.get("AssumeRolePolicyDocument")
    if not iot_may_assume(trust):
        raise BadInput(
            f"AWS IoT may not assume the role {name}",
            f"allow sts:AssumeRole to the service {IOT_SERVICE} in its trust policy, or run `fota bootstrap`",
        )
    return found["Arn"]
