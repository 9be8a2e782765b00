"""The policy documents that `fota bootstrap` writes, except the devices' policy (`device_policy`). Pure.

Each allows no more than the work needs. AWS lists the resources that an action can be restricted to:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Leaves to others: writing them (`bucket`, `presign_role`, `grants`), judging those of others (`policy_findings`).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fota_operator.account.names import CATALOG_ROLE, CATALOG_SHADOW, NOTICE_RULE, notice_topic_arn
from fota_operator.account.policy_findings import IOT_SERVICE
from fota_operator.account.policy_statements import parse_statements
from fota_operator.errors import BadInput

# IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_POLICY_CHARACTERS = 6144
TLS_ONLY = "FotaTlsOnly"
_BUCKET_KEYS = "FotaBucketKeys"
_OBJECTS, _BUCKETS, _ROLES, _KEYS = "FotaReleases", "FotaBucket", "FotaPresignRole", "FotaSigningKeys"

Document = dict[str, object]

# The operator's actions on AWS IoT, each with its resources. A test compares them with the calls in this package.
_IOT_GRANTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "FotaJobs",
        (
            "CancelJob", "DescribeJob", "GetJobDocument", "ListJobExecutionsForJob", "ListTagsForResource",
            "TagResource", "UntagResource",
        ),
        ("job/fota-*",),
    ),
    (
        "FotaOffers",
        ("CancelJobExecution", "CreateJob", "DescribeJobExecution"),
        ("job/fota-*", "package/*", "thing/*", "thinggroup/*"),
    ),
    (
        "FotaStages",
        ("DeleteThingGroup",),
        ("thinggroup/fota-*",),
    ),
    ("FotaRule", ("GetTopicRule",), (f"rule/{NOTICE_RULE}",)),
    ("FotaIndex", ("DescribeIndex", "SearchIndex"), ("index/AWS_Things",)),
    ("FotaGroups", ("ListThingsInThingGroup",), ("thinggroup/*",)),
    (
        "FotaThings",
        (
            "CreateThing", "DeleteThing", "DeleteThingShadow", "DescribeThing", "GetThingConnectivityData",
            "GetThingShadow", "ListJobExecutionsForThing", "ListThingPrincipals",
        ),
        ("thing/*",),
    ),
    (
        "FotaCertificates",
        (
            "AttachPolicy", "AttachThingPrincipal", "DeleteCertificate", "DescribeCertificate", "DetachPolicy",
            "DetachThingPrincipal", "UpdateCertificate",
        ),
        ("cert/*", "thing/*"),
    ),
    (
        "FotaPackages",
        ("CreatePackage", "CreatePackageVersion", "GetPackageVersion", "UpdatePackageVersion"),
        ("package/*",),
    ),
    ("FotaPolicies", ("CreatePolicy", "DeletePolicy"), ("policy/fota-*",)),
    ("FotaPoliciesSeen", ("GetPolicy", "ListTargetsForPolicy"), ("policy/*",)),
)  # fmt: skip
# These cannot be restricted to a resource.
_UNCONFINED = (
    "iot:CreateCertificateFromCsr", "iot:DescribeEndpoint", "iot:DescribeEventConfigurations",
    "iot:GetIndexingConfiguration", "iot:GetPackageConfiguration", "iot:ListJobs", "iot:ListPolicies",
    "iot:ListThingGroups", "iot:ListThings", "iot:ListTopicRules", "s3:ListAllMyBuckets",
)  # fmt: skip
_NOTICE_ACTIONS = ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:Publish")
_BUCKET_ACTIONS = (
    "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration", "s3:ListBucket",
)  # fmt: skip
_OBJECT_ACTIONS = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
_ROLE_ACTIONS = (
    "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:PassRole",
)  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What an operator works with, as ARNs."""

    buckets: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    bucket_keys: frozenset[str] = frozenset()
    """The customer's keys that the buckets are encrypted by."""

    def __or__(self, other: "Scope") -> "Scope":
        return Scope(
            self.buckets | other.buckets,
            self.roles | other.roles,
            self.keys | other.keys,
            self.bucket_keys | other.bucket_keys,
        )


def trust_policy(*, partition: str, account_id: str) -> Document:
    """Who may take the role for presigned URLs: AWS IoT, for jobs of this account.

    The conditions keep AWS IoT from acting for somebody else's job:
    https://docs.aws.amazon.com/iot/latest/developerguide/cross-service-confused-deputy-prevention.html
    """
    return service_trust(account_id, f"arn:{partition}:iot:*:{account_id}:job/*")


def service_trust(account_id: str, source_arn: str) -> Document:
    """Who may take a role: AWS IoT, for what has such an ARN, of this account."""
    allow: Document = {
        "Effect": "Allow",
        "Principal": {"Service": IOT_SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account_id},
            "ArnLike": {"aws:SourceArn": source_arn},
        },
    }
    return _document([allow])


def notice_policy(topic_arn: str) -> Document:
    """What the role that tells of rollouts may do."""
    return _document([_allow("FotaNotices", ("sns:Publish",), [topic_arn])])


def read_policy(bucket_arn: str, key_arn: str | None = None) -> Document:
    """What a presigned URL of an image needs of its role; with `key_arn` the bucket is encrypted by that KMS key."""
    images = _allow("FotaImages", ("s3:GetObject", "s3:GetObjectVersion"), [f"{bucket_arn}/fota/*"])
    if key_arn is None:
        return _document([images])
    return _document([images, _through_s3(_allow("FotaImageKey", ("kms:Decrypt",), [key_arn]))])


def catalog_policy(partition: str, account_id: str) -> Document:
    """What AWS IoT Jobs needs to write which package version a thing has."""
    shadows = f"arn:{partition}:iot:*:{account_id}:thing/*/{CATALOG_SHADOW}"
    return _document(
        [
            _allow("FotaPackageShadow", ("iot:GetThingShadow", "iot:UpdateThingShadow"), [shadows]),
            _allow("FotaEndpoint", ("iot:DescribeEndpoint",), ["*"]),
        ]
    )


def tls_statement(bucket_arn: str) -> Document:
    """The statement of a bucket's policy that keeps out every request without TLS."""
    return {
        "Sid": TLS_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def operator_policy(scope: Scope, *, partition: str, account_id: str) -> Document:
    """All that this package asks of AWS, in every region, except `fota bootstrap` and `fota local`.

    A policy that would be too long names all buckets with default names by one pattern, for this account alone; see
    `require_fits` for one that is too long all the same.
    """
    pattern = f"arn:{partition}:s3:::fota-{account_id}-*"
    whole = _operator_policy(_without_covered(scope, pattern), partition, account_id)
    if _characters(whole) <= MAX_POLICY_CHARACTERS or not any(one.startswith(pattern[:-1]) for one in scope.buckets):
        return whole
    return _operator_policy(_without_covered(scope | Scope(frozenset({pattern})), pattern), partition, account_id)


def require_fits(document: Document) -> None:
    """*Raises* BadInput for a policy of operators that is longer than IAM takes."""
    characters, scope = _characters(document), scope_of(document)
    if characters > MAX_POLICY_CHARACTERS:
        raise BadInput(
            f"the policy of operators would have {characters} characters, and IAM takes {MAX_POLICY_CHARACTERS}: it "
            f"names {len(scope.buckets)} buckets and {len(scope.keys)} keys",
            "take those that are no longer used out of the policy, or use the default names of buckets",
        )


def _characters(document: Document) -> int:
    """The length as IAM counts it: without white space."""
    return len(json.dumps(document, separators=(",", ":")))


def _without_covered(scope: Scope, pattern: str) -> Scope:
    """Without the buckets that the pattern covers, if the scope holds it."""
    if pattern not in scope.buckets:
        return scope
    others = {one for one in scope.buckets if one == pattern or not one.startswith(pattern[:-1])}
    return replace(scope, buckets=frozenset(others))


def _operator_policy(scope: Scope, partition: str, account_id: str) -> Document:
    iot = f"arn:{partition}:iot:*:{account_id}"
    buckets = sorted(scope.buckets)
    statements = [
        *(
            _allow(sid, [f"iot:{one}" for one in actions], [f"{iot}:{one}" for one in resources])
            for sid, actions, resources in _IOT_GRANTS
        ),
        _allow("FotaUnconfined", _UNCONFINED, ["*"]),
        _allow("FotaNotices", _NOTICE_ACTIONS, [notice_topic_arn("*", partition=partition, account_id=account_id)]),
        _ours(_allow(_BUCKETS, _BUCKET_ACTIONS, buckets), account_id),
        _ours(
            _allow(
                _OBJECTS, _OBJECT_ACTIONS, [f"{one}/{prefix}/*" for one in buckets for prefix in ("fota", "rollouts")]
            ),
            account_id,
        ),
        _allow(_ROLES, _ROLE_ACTIONS, sorted(scope.roles)),
        _allow(
            "FotaCatalogRole",
            ("iam:GetRole", "iam:GetRolePolicy"),
            [f"arn:{partition}:iam::{account_id}:role/{CATALOG_ROLE}"],
        ),
        _allow(
            "FotaRolePolicies",
            ("iam:GetPolicy", "iam:GetPolicyVersion"),
            [f"arn:{partition}:iam::{owner}:policy/*" for owner in (account_id, "aws")],
        ),
    ]
    if scope.keys:
        statements.append(_allow(_KEYS, ("kms:GetPublicKey", "kms:Sign"), sorted(scope.keys)))
    if scope.bucket_keys:
        allowed = _allow(_BUCKET_KEYS, ("kms:Decrypt", "kms:GenerateDataKey"), sorted(scope.bucket_keys))
        statements.append(_through_s3(allowed))
    return _document(statements)


def scope_of(document: object) -> Scope:
    """What an operator's policy made by `operator_policy` already names; nothing for any other document."""
    buckets, roles, keys, bucket_keys = (_resources(document, sid) for sid in (_BUCKETS, _ROLES, _KEYS, _BUCKET_KEYS))
    return Scope(buckets, roles, keys, bucket_keys)


def _resources(document: object, sid: str) -> frozenset[str]:
    statements = document.get("Statement") if isinstance(document, dict) else None
    own = [one for one in statements or () if isinstance(one, dict) and one.get("Sid") == sid]
    return frozenset(resource for one in parse_statements({"Statement": own}) for resource in one.resources)


def _document(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _ours(statement: Document, account_id: str) -> Document:
    """The same for buckets of this account alone, if a pattern names them: anybody can take a name that fits it."""
    if not any("-*" in one for found in parse_statements(_document([statement])) for one in found.resources):
        return statement
    return statement | {"Condition": {"StringEquals": {"s3:ResourceAccount": account_id}}}


def _through_s3(statement: Document) -> Document:
    """The same for requests that S3 makes on somebody's behalf, and for no others."""
    return statement | {"Condition": {"StringLike": {"kms:ViaService": "s3.*"}}}


def _allow(sid: str, actions: Iterable[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}
