"""The names of the pieces that `fota bootstrap` makes, one set in each account and region; and which other names
are allowed.

Imports nothing slow, so that the commands can name them in their help.
Leaves to others: making them (`bootstrap`).
"""

from typing import Protocol

PRESIGN_ROLE = "fota-presign"
"""The role that AWS IoT assumes to sign the URLs of images."""
DEVICE_POLICY = "aws-iot-fota-device"
"""The AWS IoT policy for devices that are not provisioned by `fota things add`.

Its name must not begin with `fota-`: such a policy belongs to a thing, and operators may delete it.
"""
OPERATOR_POLICY = "fota-operator"
"""The managed policy of those who run `fota`."""

NOTICE_TOPIC = "fota-rollouts"
"""The topic of SNS that tells people and programs of rollouts."""
NOTICE_ROLE = "fota-notify"
"""The role by which AWS IoT publishes events of jobs to that topic."""
NOTICE_RULE = "fota_rollouts"
"""The rule of AWS IoT that chooses these events."""

OUR_MARK = ("made-by", "aws-iot-fota")
"""The attribute or tag that marks the things and roles that we made."""

DEVICE_SHADOW = "fota"
"""The named shadow in which a device says what it runs."""
CATALOG_SHADOW = "$package"
"""The named shadow in which AWS IoT Jobs keeps which package version a thing has; nobody else writes it."""
CATALOG_ROLE = "fota-catalog"
"""The role that AWS IoT Jobs assumes to write that shadow."""

MADE_AT = "made-at"
"""The attribute of a thing that says when we registered it, in seconds since 1970."""

# S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME = r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
# IAM: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
ROLE_NAME = r"[\w+=,.@-]{1,64}"
"""Each pattern must match the whole name; the role's must match it as ASCII."""


class AccountAndRegion(Protocol):
    """The part of a `Cloud` that the names of the pieces are made from."""

    @property
    def account_id(self) -> str:
        """The twelve digits of the account. *Asks* AWS."""

    region: str


def notice_topic_arn(region: str, *, partition: str, account_id: str) -> str:
    """The ARN of the topic in a region."""
    return f"arn:{partition}:sns:{region}:{account_id}:{NOTICE_TOPIC}"


def default_bucket(cloud: AccountAndRegion) -> str:
    """The name of the bucket for releases, unless another is given. *Asks* AWS which account this is."""
    return f"fota-{cloud.account_id}-{cloud.region}"
