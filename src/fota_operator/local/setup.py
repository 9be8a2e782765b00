"""Makes what a rollout needs and a new account lacks: a bucket that keeps versions, and a role to sign URLs.

Leaves to others: which AWS this is; today only the local one is set up like this.
"""

import json

from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import CloudRefused, NotFound
from fota_operator.jobs.image_store import bucket_region


def ensure_bucket_and_role(cloud: Cloud, *, bucket: str, role: str) -> None:
    """Make the bucket and the role if they are missing. *Raises* CloudRefused, CloudUnreachable."""
    _ensure_bucket(cloud, bucket)
    _ensure_role(cloud, role)
    with explaining(f"let the role {role} read {bucket}"):
        cloud.iam.put_role_policy(
            RoleName=role, PolicyName="read-images", PolicyDocument=json.dumps(_read_policy(bucket))
        )


def _ensure_bucket(cloud: Cloud, bucket: str) -> None:
    try:
        bucket_region(cloud, bucket)
    except NotFound:
        with explaining(f"make the bucket {bucket}"):
            cloud.s3.create_bucket(Bucket=bucket)
    with explaining(f"let the bucket {bucket} keep versions"):
        cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def _ensure_role(cloud: Cloud, role: str) -> None:
    try:
        with explaining(f"make the role {role}"):
            cloud.iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST_IOT))
    except CloudRefused as error:
        if error.code != "EntityAlreadyExists":
            raise


def _read_policy(bucket: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": f"arn:aws:s3:::{bucket}/*",
            },
        ],
    }
