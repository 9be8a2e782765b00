"""What tests of bootstrap and doctor arrange with: names that nobody has, and users who may do only so much."""

import itertools
import json
from dataclasses import replace

from fota_operator.account.bootstrap import BootstrapRequest
from fota_operator.account.names import OPERATOR_POLICY
from fota_operator.cloud import Access, Cloud, connect
from fota_operator.local.aws import LocalAws

OPERATOR_ARN = f"arn:aws:iam::000000000000:policy/{OPERATOR_POLICY}"
_NUMBERS = itertools.count(1)


def new_request() -> BootstrapRequest:
    """For a bucket and a role that are not there."""
    name = f"bootstrap-{next(_NUMBERS)}"
    return BootstrapRequest(bucket=name, role=name)


def access_to(local_aws: LocalAws) -> Access:
    """As its root user."""
    environment = local_aws.environment()
    return Access(
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        ca_bundle=environment["AWS_CA_BUNDLE"],
        region=environment["AWS_DEFAULT_REGION"],
        access_key_id=environment["AWS_ACCESS_KEY_ID"],
        secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def as_new_user(cloud: Cloud, local_aws: LocalAws, *policies: str, allowed: tuple[str, ...] = ()) -> Cloud:
    """The cloud as a new user sees it, who has these managed policies and is allowed these actions on everything."""
    return connect(access_of_new_user(cloud, local_aws, *policies, allowed=allowed))


def access_of_new_user(cloud: Cloud, local_aws: LocalAws, *policies: str, allowed: tuple[str, ...] = ()) -> Access:
    """As a new user, who has these managed policies and is allowed these actions on everything."""
    name = f"user-{next(_NUMBERS)}"
    cloud.iam.create_user(UserName=name)
    for arn in policies:
        cloud.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    if allowed:
        statement = {"Effect": "Allow", "Action": list(allowed), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        cloud.iam.put_user_policy(UserName=name, PolicyName="more", PolicyDocument=document)
    key = cloud.iam.create_access_key(UserName=name)["AccessKey"]
    return replace(access_to(local_aws), access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
