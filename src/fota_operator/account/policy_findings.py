"""What is missing from a policy, or too wide in it, judged by reading it. Pure.

AWS offers a simulator for this, but the user often may not ask it what we need, and no stand-in for AWS has all of
it. To read a document, only the permission to read it is needed.
Leaves to others: fetching the documents (`doctor`), and making better ones (`policies`).
"""

import re
from collections.abc import Iterable, Iterator

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_operator.account.names import BUCKET_NAME
from fota_operator.account.policy_statements import ANYBODY, Statement, matches, parse_statements, permits

IOT_SERVICE = "iot.amazonaws.com"
_ASSUME = "sts:AssumeRole"
_READS = ("s3:GetObject", "s3:GetObjectVersion")
_DECRYPT = "kms:Decrypt"
_ACCOUNT_CONDITION = "aws:sourceaccount"
_ARN_CONDITION = "aws:sourcearn"
_EQUALS = {"stringequals", "stringlike", "arnequals", "arnlike"}
_NAME_FOLLOWS = ("client/", "topic/$aws/things/", "topicfilter/$aws/things/")
"""The name that AWS IoT itself verifies follows one of these, up to the next slash."""


def iot_may_assume(trust: object) -> bool:
    """Whether a trust policy lets AWS IoT assume the role. Conditions are taken as met."""
    about = _about_iot(parse_statements(trust))
    return bool(about) and all(one.allows for one in about)


def trust_findings(role: str, trust: object, *, partition: str, account_id: str) -> Iterator[Finding]:
    """Whom a role for presigned URLs trusts: it must be AWS IoT, for jobs of this account, and nobody else."""
    subject = f"role {role}, trust"
    statements = parse_statements(trust)
    if not iot_may_assume(trust):
        yield Finding(subject, ERROR, "AWS IoT may not assume it", _bootstrap_role(role))
        return
    others = sorted({who for one in statements if one.allows for who in one.principals} - {IOT_SERVICE})
    if others:
        open_to_all = any(one.allows and ANYBODY in one.principals and not one.conditions for one in statements)
        text = "anybody may assume it" if open_to_all else f"{', '.join(others)} may assume it too"
        yield Finding(subject, ERROR if open_to_all else WARNING, text, "have a role for presigned URLs alone")
    allowed = [one for one in _about_iot(statements) if one.allows]
    job_arn = f"arn:{partition}:iot:us-east-1:{account_id}:job/fota-1"
    if not any(_admits(one, account_id, job_arn) for one in allowed):
        text = f"its conditions keep out AWS IoT of account {account_id}"
        yield Finding(subject, ERROR, text, _bootstrap_role(role))
    elif not all(_of_account(one, account_id) for one in allowed):
        text = "AWS IoT may assume it on behalf of any account"
        yield Finding(subject, WARNING, text, _bootstrap_role(role))
    elif not others:
        yield Finding(subject, OK, "AWS IoT may assume it, for this account")


def read_findings(
    role: str, documents: Iterable[object], *, bucket: str, partition: str, key_arn: str | None = None
) -> Iterator[Finding]:
    """What a role for presigned URLs may do: it must be to read images of the bucket, and nothing else.

    It may also read images of other buckets that its policy names: one role serves all regions of an account.
    With `key_arn` the bucket is encrypted by that KMS key, and the role must be allowed to decrypt by it.
    """
    subject = f"role {role}, permissions"
    statements = tuple(one for document in documents for one in parse_statements(document))
    image = f"arn:{partition}:s3:::{bucket}/fota/0/image"
    lacking = [action for action in _READS if not permits(statements, action, image)]
    decrypts = key_arn is None or permits(statements, _DECRYPT, key_arn)
    if not decrypts:
        text = f"it may not {_DECRYPT} by {key_arn}, which encrypts the bucket: no device could download an image"
        yield Finding(subject, ERROR, text, f"run `fota bootstrap role={role} bucket={bucket}`")
    if lacking:
        text = f"it may not {' nor '.join(lacking)} s3://{bucket}/fota/*"
        yield Finding(subject, ERROR, text, f"run `fota bootstrap role={role} bucket={bucket}`")
    wide = next((one for one in statements if one.allows and not _reads_images_only(one, partition)), None)
    if wide is not None:
        text = f"it may {', '.join(wide.actions)} on {', '.join(wide.resources)}, and a URL needs less"
        yield Finding(subject, WARNING, text, "take that from it, or have a role for presigned URLs alone")
    elif not lacking and decrypts:
        yield Finding(subject, OK, f"it may read images in {bucket}, and nothing but images")


def refuses_plain_http(document: object, *, bucket: str, partition: str) -> bool:
    """Whether a bucket's policy keeps out every request without TLS."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return any(
        not one.allows
        and ANYBODY in one.principals
        and one.names_action("s3:*")
        and {arn, f"{arn}/*"} <= set(one.resources)
        and one.conditions == (("bool", "aws:securetransport", ("false",)),)
        for one in parse_statements(document)
    )


def device_policy_finding(name: str, document: object) -> Finding | None:
    """What is too wide in a policy of AWS IoT for devices; None if nothing is."""
    subject = f"policy {name}"
    for one in parse_statements(document):
        everything = [action for action in one.actions if action in ("*", "iot:*")]
        shared = [resource for resource in one.resources if _is_shared(resource)]
        if one.allows and everything and shared:
            return Finding(subject, ERROR, f"it allows {everything[0]} on {shared[0]}", _PIN)
        if one.allows and shared:
            actions = ", ".join(one.actions)
            return Finding(subject, ERROR, f"it allows {actions} on {shared[0]}, the devices of others too", _PIN)
        if one.allows and everything:
            return Finding(subject, WARNING, f"it allows {everything[0]}", "allow the actions that a device needs")
    return None


_PIN = "pin it to ${iot:Connection.Thing.ThingName}, as the policy of `fota bootstrap` is"


def _bootstrap_role(role: str) -> str:
    return f"run `fota bootstrap role={role}`, or mend its trust policy"


def _about_iot(statements: Iterable[Statement]) -> list[Statement]:
    return [one for one in statements if one.names_principal(IOT_SERVICE) and one.names_action(_ASSUME)]


def _admits(statement: Statement, account_id: str, job_arn: str) -> bool:
    """Whether the conditions that we know allow our jobs; conditions that we do not know are taken as met."""
    samples = {_ACCOUNT_CONDITION: account_id, _ARN_CONDITION: job_arn}
    return all(
        any(matches(value, samples[key]) for value in values)
        for operator, key, values in statement.conditions
        if operator in _EQUALS and key in samples
    )


def _of_account(statement: Statement, account_id: str) -> bool:
    """Whether some condition names our account, itself or within an ARN, and no other."""
    return any(
        operator in _EQUALS
        and (
            (key == _ACCOUNT_CONDITION and set(values) == {account_id})
            or (key == _ARN_CONDITION and all(value.split(":")[4:5] == [account_id] for value in values))
        )
        for operator, key, values in statement.conditions
    )


def _reads_images_only(statement: Statement, partition: str) -> bool:
    if set(statement.actions) == {_DECRYPT}:
        return all(re.fullmatch(rf"arn:{partition}:kms:[^*?]+:key/[^*?]+", one) for one in statement.resources)
    images = re.compile(rf"arn:{partition}:s3:::{BUCKET_NAME}/fota/.*")
    return set(statement.actions) <= set(_READS) and all(map(images.fullmatch, statement.resources))


def _is_shared(resource: str) -> bool:
    """Whether a resource is not pinned to one device: a wildcard is in the place of its name, or before it."""
    if resource == "*":
        return True
    literal, wildcard, _ = resource.replace("?", "*").partition("*")
    parts = literal.split(":", 5)
    return bool(wildcard) and (len(parts) < 6 or any(_ends_within_name(parts[5], one) for one in _NAME_FOLLOWS))


def _ends_within_name(literal: str, before: str) -> bool:
    return before.startswith(literal) or (literal.startswith(before) and "/" not in literal[len(before) :])
