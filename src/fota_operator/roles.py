"""The role by which AWS IoT signs the URL of an image: that it is there, and that IoT may take it.

Leaves to others: making it. What it may read in S3 only a device's download shows.
"""

from collections.abc import Mapping

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import BadInput, CloudRefused, NotFound

IOT_SERVICE = "iot.amazonaws.com"
TRUST_IOT: Mapping[str, object] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": IOT_SERVICE}, "Action": "sts:AssumeRole"},
    ],
}
"""The trust policy that such a role needs."""


def presign_role_arn(cloud: Cloud, role: str) -> str:
    """The ARN of a role, given by name or ARN, that AWS IoT may assume. *Raises* NotFound, BadInput."""
    name = role.rsplit("/", 1)[-1]
    try:
        with explaining(f"look up the role {name}"):
            found = cloud.iam.get_role(RoleName=name)["Role"]
    except CloudRefused as error:
        if error.code == "NoSuchEntity":
            raise NotFound(
                f"there is no role {name} in account {cloud.account_id}",
                f"make one that {IOT_SERVICE} may assume and that may s3:GetObject and s3:GetObjectVersion the image",
            ) from error
        raise
    if role.startswith("arn:") and role != found["Arn"]:
        raise NotFound(f"there is no role {role}", f"the one of that name here is {found['Arn']}")
    # boto3 decodes this policy to a dictionary, whatever its type hints say.
    trust: object = found.get("AssumeRolePolicyDocument")
    if not iot_may_assume(trust):
        raise BadInput(
            f"AWS IoT may not assume the role {name}",
            f"allow sts:AssumeRole to the service {IOT_SERVICE} in its trust policy",
        )
    return found["Arn"]


def iot_may_assume(trust: object) -> bool:
    """Whether a trust policy lets AWS IoT assume the role. Pure. Conditions are taken as met."""
    statements = trust.get("Statement") if isinstance(trust, dict) else None
    effects = [
        statement.get("Effect")
        for statement in _many(statements)
        if isinstance(statement, dict) and _names_iot(statement) and _names_assume(statement)
    ]
    return "Allow" in effects and "Deny" not in effects


def _names_iot(statement: dict[str, object]) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        return IOT_SERVICE in _many(principal.get("Service"))
    return principal == "*"


def _names_assume(statement: dict[str, object]) -> bool:
    return any(action in ("sts:AssumeRole", "sts:*", "*") for action in _many(statement.get("Action")))


def _many(one_or_more: object) -> list[object]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]
