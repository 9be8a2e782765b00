"""What is missing, broken or too wide on the operator's side of AWS. Changes nothing.

What we may not look at, or what this AWS does not report, becomes a warning that it is not known.
Leaves to others: the bucket's settings (`bucket`), judging policies (`policy_findings`), IoT policies and
jobs (`doctor_iot`), the device's side.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import partial

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_operator.account.bucket import NO_BUCKET_YET, bucket_key, bucket_pieces
from fota_operator.account.doctor_fleet import catalog_findings, index_findings
from fota_operator.account.doctor_iot import job_findings, policy_findings
from fota_operator.account.names import PRESIGN_ROLE, default_bucket
from fota_operator.account.notify import notice_findings
from fota_operator.account.pieces import Absent, Piece, looking
from fota_operator.account.policy_findings import read_findings, trust_findings
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IAM_NOT_FOUND, CloudRefused, CloudUnreachable, NoCredentials, NotFound, OperatorError
from fota_operator.trust.kms import kms_public_key, require_may_sign

# AWS takes no request that is signed more than five minutes away from its own clock.
SKEW_REFUSED_S = 300
SKEW_WARNING_S = 30


@dataclass(frozen=True)
class DoctorRequest:
    """What to look at: `bucket` None means the one of `fota bootstrap`; with `key` None it looks at no KMS key."""

    bucket: str | None = None
    role: str = PRESIGN_ROLE
    key: str | None = None


def examine(cloud: Cloud, request: DoctorRequest = DoctorRequest()) -> Iterator[Finding]:
    """Look at one thing after the other; without credentials or an answer there is nothing more to see.

    *Raises* BadInput for a name that no bucket can have.
    """
    try:
        yield Finding("credentials", OK, cloud.caller_arn)
    except OperatorError as error:
        yield Finding("credentials", ERROR, error.message, error.remedy)
        yield from _clock_of_refusal(error)
        return
    yield Finding("region", OK, f"{cloud.region}, from {cloud.region_from}")
    bucket = request.bucket or default_bucket(cloud)
    for subject, check in _checks(cloud, bucket, request):
        try:
            yield from check()
        except (NoCredentials, CloudUnreachable) as error:
            yield Finding(subject, ERROR, error.message, error.remedy)
            return
        except CloudRefused as error:
            yield Finding(subject, WARNING, f"not known: {error.message}", error.remedy)
        except OperatorError as error:
            yield Finding(subject, ERROR, error.message, error.remedy)


def skew_finding(date: str, now: datetime) -> Finding:
    """How far our clock is from the clock of AWS, which the `Date` header gives to the second. Pure."""
    try:
        skew_s = abs((now - parsedate_to_datetime(date)).total_seconds())
    except (TypeError, ValueError):
        return Finding("clock", WARNING, f"not known: AWS says that it is {date!r}")
    if skew_s < SKEW_WARNING_S:
        return Finding("clock", OK, f"less than {SKEW_WARNING_S} s away from that of AWS")
    level = ERROR if skew_s >= SKEW_REFUSED_S else WARNING
    text = f"{skew_s:.0f} s away from that of AWS, which takes no request from {SKEW_REFUSED_S} s on"
    return Finding("clock", level, text, "set it, and keep it set by NTP")


def _checks(
    cloud: Cloud, bucket: str, request: DoctorRequest
) -> Iterator[tuple[str, Callable[[], Iterable[Finding]]]]:
    yield "AWS IoT", partial(_endpoint, cloud)
    for piece in bucket_pieces(cloud, bucket):
        yield piece.subject, partial(_settled, piece, bucket)
    yield f"role {request.role}, trust", partial(_trust, cloud, request.role)
    yield f"role {request.role}, permissions", partial(_permissions, cloud, request.role, bucket)
    if request.key is not None:
        yield f"key {request.key}", partial(_key, cloud, request.key)
    yield "IoT policies", partial(policy_findings, cloud)
    yield "jobs", partial(job_findings, cloud)
    yield "index of the fleet", partial(index_findings, cloud)
    yield "software packages", partial(catalog_findings, cloud)
    yield "notifications", partial(notice_findings, cloud)


def _endpoint(cloud: Cloud) -> Iterator[Finding]:
    with explaining("ask for the endpoint of devices"):
        answer = cloud.iot.describe_endpoint(endpointType="iot:Data-ATS")
    yield Finding("AWS IoT", OK, f"it answers; devices connect to {answer['endpointAddress']}")
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    yield skew_finding(date, datetime.now(timezone.utc))


def _clock_of_refusal(error: OperatorError) -> Iterator[Finding]:
    """A wrong clock makes credentials look wrong; the answer that refused them then says what time it is."""
    response = getattr(error.__cause__, "response", None) or {}
    date = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date is not None:
        yield skew_finding(date, datetime.now(timezone.utc))


def _settled(piece: Piece, bucket: str) -> Iterator[Finding]:
    look = piece.look()
    if look is NO_BUCKET_YET:
        # The finding about the bucket has said this already.
        return
    if look.found == "right":
        yield Finding(piece.subject, OK, piece.text)
        return
    # Leftovers only cost a little money; any other fault keeps a release from being published, or from being safe.
    level = WARNING if piece.subject.endswith("leftovers") else ERROR
    yield Finding(piece.subject, level, look.why, f"run `fota bootstrap bucket={bucket}`")


def _trust(cloud: Cloud, role: str) -> Iterator[Finding]:
    try:
        with looking(f"the role {role}", IAM_NOT_FOUND):
            found = cloud.iam.get_role(RoleName=role)["Role"]
    except Absent as error:
        raise NotFound("there is no such role", f"run `fota bootstrap role={role}`") from error
    # boto3 decodes this policy to a dictionary, whatever its type hints say.
    trust: object = found.get("AssumeRolePolicyDocument")
    yield from trust_findings(role, trust, partition=cloud.partition, account_id=cloud.account_id)


def _permissions(cloud: Cloud, role: str, bucket: str) -> Iterator[Finding]:
    try:
        with looking(f"the permissions of the role {role}", IAM_NOT_FOUND):
            documents = [*_inline_documents(cloud, role), *_attached_documents(cloud, role)]
    except Absent:
        # The finding about the role's trust has said this already.
        return
    try:
        key_arn = bucket_key(cloud, bucket)
    except CloudRefused as error:
        yield Finding(f"role {role}, key", WARNING, f"not known: {error.message}", error.remedy)
        key_arn = None
    yield from read_findings(role, documents, bucket=bucket, partition=cloud.partition, key_arn=key_arn)


def _inline_documents(cloud: Cloud, role: str) -> Iterator[object]:
    for page in cloud.iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield cloud.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def _attached_documents(cloud: Cloud, role: str) -> Iterator[object]:
    for page in cloud.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for policy in page["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = cloud.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            yield cloud.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _key(cloud: Cloud, key: str) -> Iterator[Finding]:
    arn, _ = kms_public_key(cloud, key)
    try:
        require_may_sign(cloud, arn)
    except CloudRefused as error:
        yield Finding(f"key {key}", ERROR, error.message, error.remedy)
    else:
        yield Finding(f"key {key}", OK, f"{arn} signs by ECDSA on P-256 with SHA-256, and you may use it")
