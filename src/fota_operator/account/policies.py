"""The policy documents that `fota bootstrap` writes, but for that of devices (`device_policy`). Pure.

Each allows as little as does the work. What an action may be confined to is from AWS's own list:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Leaves to others: writing them (`bucket`, `presign_role`, `grants`), judging those of others (`policy_findings`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fota_operator.account.policy_findings import IOT_SERVICE
from fota_operator.account.policy_statements import parse_statements

TLS_ONLY = "FotaTlsOnly"
_OBJECTS, _BUCKETS, _ROLES, _KEYS = "FotaReleases", "FotaBucket", "FotaPresignRole", "FotaSigningKeys"

Document = dict[str, object]

# The operator's actions on AWS IoT, and on what. A test compares all of them with the calls in this package.
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
        ("job/fota-*", "thing/*", "thinggroup/*"),
    ),
    (
        "FotaStages",
        ("AddThingToThingGroup", "CreateThingGroup", "DeleteThingGroup", "RemoveThingFromThingGroup"),
        ("thinggroup/fota-*", "thing/*"),
    ),
    ("FotaIndex", ("SearchIndex",), ("index/AWS_Things",)),
    ("FotaGroups", ("ListThingsInThingGroup",), ("thinggroup/*",)),
    (
        "FotaThings",
        ("CreateThing", "DeleteThing", "DescribeThing", "ListJobExecutionsForThing", "ListThingPrincipals"),
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
    ("FotaPolicies", ("CreatePolicy", "DeletePolicy"), ("policy/fota-*",)),
    ("FotaPoliciesSeen", ("GetPolicy", "ListTargetsForPolicy"), ("policy/*",)),
)  # fmt: skip
# These can be confined to nothing.
_UNCONFINED = (
    "iot:CreateCertificateFromCsr", "iot:DescribeEndpoint", "iot:GetIndexingConfiguration", "iot:ListJobs",
    "iot:ListPolicies",
)  # fmt: skip
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

    def __or__(self, other: "Scope") -> "Scope":
        return Scope(self.buckets | other.buckets, self.roles | other.roles, self.keys | other.keys)


def trust_policy(*, partition: str, account_id: str) -> Document:
    """Who may take the role for presigned URLs: AWS IoT, for jobs of this account.

    The conditions keep AWS IoT from acting for somebody else's job:
    https://docs.aws.amazon.com/iot/latest/developerguide/cross-service-confused-deputy-prevention.html
    """
    allow: Document = {
        "Effect": "Allow",
        "Principal": {"Service": IOT_SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account_id},
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:iot:*:{account_id}:job/*"},
        },
    }
    return _document([allow])


def read_policy(bucket_arn: str) -> Document:
    """What a presigned URL of an image needs of its role."""
    return _document([_allow("FotaImages", ("s3:GetObject", "s3:GetObjectVersion"), [f"{bucket_arn}/fota/*"])])


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
    """All that this package asks of AWS, but for `fota bootstrap` and `fota local`, in every region."""
    iot = f"arn:{partition}:iot:*:{account_id}"
    buckets = sorted(scope.buckets)
    statements = [
        *(
            _allow(sid, [f"iot:{one}" for one in actions], [f"{iot}:{one}" for one in resources])
            for sid, actions, resources in _IOT_GRANTS
        ),
        _allow("FotaUnconfined", _UNCONFINED, ["*"]),
        _allow(_BUCKETS, _BUCKET_ACTIONS, buckets),
        _allow(
            _OBJECTS, _OBJECT_ACTIONS, [f"{one}/{prefix}/*" for one in buckets for prefix in ("fota", "rollouts")]
        ),
        _allow(_ROLES, _ROLE_ACTIONS, sorted(scope.roles)),
        _allow(
            "FotaRolePolicies",
            ("iam:GetPolicy", "iam:GetPolicyVersion"),
            [f"arn:{partition}:iam::{owner}:policy/*" for owner in (account_id, "aws")],
        ),
    ]
    if scope.keys:
        statements.append(_allow(_KEYS, ("kms:GetPublicKey", "kms:Sign"), sorted(scope.keys)))
    return _document(statements)


def scope_of(document: object) -> Scope:
    """What the policy of an operator, as `operator_policy` made it, names already; nothing of any other document."""
    named = {sid: _resources(document, sid) for sid in (_BUCKETS, _ROLES, _KEYS)}
    return Scope(buckets=named[_BUCKETS], roles=named[_ROLES], keys=named[_KEYS])


def _resources(document: object, sid: str) -> frozenset[str]:
    statements = document.get("Statement") if isinstance(document, dict) else None
    own = [one for one in statements or () if isinstance(one, dict) and one.get("Sid") == sid]
    return frozenset(resource for one in parse_statements({"Statement": own}) for resource in one.resources)


def _document(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, actions: Iterable[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}
