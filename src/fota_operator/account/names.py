"""What `fota bootstrap` calls the pieces that it makes, one set of them in each account and region; and what else it
may call them.

Imports nothing slow, so that the commands can name them in their help.
Leaves to others: making them (`bootstrap`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fota_operator.cloud import Cloud

PRESIGN_ROLE = "fota-presign"
"""The role by which AWS IoT signs the URLs of images."""
DEVICE_POLICY = "aws-iot-fota-device"
"""The policy of AWS IoT for devices that are provisioned by other means than `fota things add`.

Not `fota-…`: that is the policy of a thing, and operators may delete those.
"""
OPERATOR_POLICY = "fota-operator"
"""The managed policy of those who run `fota`."""

# S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME = r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
# IAM: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
ROLE_NAME = r"[\w+=,.@-]{1,64}"
"""Both are patterns of a whole name; of a role's in ASCII."""


def default_bucket(cloud: "Cloud") -> str:
    """The bucket for releases, where no other is named. *Asks* AWS which account this is."""
    return f"fota-{cloud.account_id}-{cloud.region}"
