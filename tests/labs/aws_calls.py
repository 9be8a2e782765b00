"""Which actions of IAM the code of a package asks for, found by reading its source.

A call is `….iot.create_job(…)` or `….get_paginator("list_jobs")` of a client that `Cloud` has; what else it takes is
from AWS's own list of the actions that an operation asks for.
"""

import ast
from collections.abc import Iterator

import botocore.session

_CLIENTS = {"iot": "iot", "iot_data": "iot-data", "s3": "s3", "kms": "kms", "sns": "sns", "iam": "iam"}
"""The services of the clients of a `Cloud`, by the names of the clients."""
# Where an operation is not the action of its name, or not it alone.
_OTHERWISE = {
    # S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    "s3:HeadBucket": {"s3:ListBucket"},
    "s3:ListBuckets": {"s3:ListAllMyBuckets"},
    "s3:HeadObject": {"s3:GetObject", "s3:GetObjectVersion"},
    "s3:GetObject": {"s3:GetObject", "s3:GetObjectVersion"},
    "s3:DeleteObject": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
    "s3:GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
    "s3:GetBucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration"},
    # The job gets tags, and its presigned URLs a role.
    "iot:CreateJob": {"iot:CreateJob", "iot:TagResource", "iam:PassRole"},
}


def actions_of(source: str) -> set[str]:
    """The actions that a piece of source asks for. *Raises* KeyError for a call of no operation."""
    return {action for call in _calls(ast.parse(source)) for action in _OTHERWISE.get(call, {call})}


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        service = _service(node.value)
        if service is None or node.attr in ("meta", "exceptions", "close", "get_paginator"):
            continue
        yield f"{_prefix(service)}:{_operation(service, node.attr)}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
            service, (name, *_) = _service(node.func.value), node.args
            assert service is not None
            assert isinstance(name, ast.Constant)
            yield f"{_prefix(service)}:{_operation(service, str(name.value))}"


def _service(node: ast.AST) -> str | None:
    """The client that an expression is: `cloud.iot`, `self._cloud.iot`, or a variable of its name."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
    return None if name is None else _CLIENTS.get(name)


def _prefix(service: str) -> str:
    """What the actions of a service begin with: both planes of AWS IoT have one."""
    return service.partition("-")[0]


_MODELS = botocore.session.get_session()


def _operation(service: str, method: str) -> str:
    """`create_job` is CreateJob: of the names that the service has, that which is spelled so."""
    names = {name.lower(): name for name in _MODELS.get_service_model(service).operation_names}
    return names[method.replace("_", "")]
