"""Policies judged by reading them: tables of documents and what is said of each."""

from typing import Any

import pytest

from fota_operator.account.device_policy import policy_document
from fota_operator.account.policies import read_policy, tls_statement, trust_policy
from fota_operator.account.policy_findings import (
    device_policy_finding,
    iot_may_assume,
    read_findings,
    refuses_plain_http,
    trust_findings,
)
from fota_operator.account.policy_statements import matches, parse_statements, permits
from fota_operator.account.roles import TRUST_IOT

ACCOUNT = "111122223333"
BUCKET_ARN = "arn:aws:s3:::releases"
OURS: dict[str, Any] = trust_policy(partition="aws", account_id=ACCOUNT)
IOT = {"Service": "iot.amazonaws.com"}


def document(*statements: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: object, resource: object = "*", **others: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | others


def trusting(principal: object, condition: object = None, effect: str = "Allow") -> dict[str, object]:
    statement: dict[str, object] = {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"}
    return statement if condition is None else statement | {"Condition": condition}


def of_account(account_id: str) -> dict[str, object]:
    return {"StringEquals": {"aws:SourceAccount": account_id}}


def of_jobs(arn: str) -> dict[str, object]:
    return {"ArnLike": {"aws:SourceArn": arn}}


def told(findings: Any) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) for finding in findings]


FOR_ANY_ACCOUNT = ("warning", "AWS IoT may assume it on behalf of any account")
KEEPS_US_OUT = ("error", f"its conditions keep out AWS IoT of account {ACCOUNT}")
IN_ORDER = ("ok", "AWS IoT may assume it, for this account")


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (OURS, [IN_ORDER]),
        (document(trusting(IOT, of_account(ACCOUNT))), [IN_ORDER]),
        (document(trusting(IOT, of_jobs(f"arn:aws:iot:*:{ACCOUNT}:job/*"))), [IN_ORDER]),
        (TRUST_IOT, [FOR_ANY_ACCOUNT]),
        (document(trusting(IOT, of_jobs("arn:aws:iot:*:*:job/*"))), [FOR_ANY_ACCOUNT]),
        (document(trusting(IOT, {"StringNotEquals": {"aws:SourceAccount": "999999999999"}})), [FOR_ANY_ACCOUNT]),
        (document(OURS["Statement"][0], trusting(IOT)), [FOR_ANY_ACCOUNT]),
        (document(trusting(IOT, of_account("999999999999"))), [KEEPS_US_OUT]),
        (document(trusting(IOT, of_jobs(f"arn:aws:iot:*:{ACCOUNT}:rule/*"))), [KEEPS_US_OUT]),
        (document(trusting({"Service": "ec2.amazonaws.com"})), [("error", "AWS IoT may not assume it")]),
        (document(OURS["Statement"][0], trusting(IOT, effect="Deny")), [("error", "AWS IoT may not assume it")]),
        (document(trusting("*")), [("error", "anybody may assume it"), FOR_ANY_ACCOUNT]),
        (
            document(OURS["Statement"][0], trusting({"AWS": "arn:aws:iam::999999999999:root"})),
            [("warning", "arn:aws:iam::999999999999:root may assume it too")],
        ),
    ],
)
def test_a_trust_policy_is_right_if_it_lets_in_iot_for_this_account_alone(
    trust: object, expected: list[tuple[str, str]]
) -> None:
    assert told(trust_findings("signer", trust, partition="aws", account_id=ACCOUNT)) == expected


def test_a_pattern_of_an_action_lets_iot_in_too() -> None:
    assert iot_may_assume(document(trusting(IOT) | {"Action": "sts:Assume*"}))


IMAGES = f"{BUCKET_ARN}/fota/*"
READS = allow(["s3:GetObject", "s3:GetObjectVersion"], IMAGES)


@pytest.mark.parametrize(
    ("statements", "levels"),
    [
        ([READS], ["ok"]),
        (
            [allow("s3:GetObject", f"{BUCKET_ARN}/fota/*"), allow("s3:GetObjectVersion", f"{BUCKET_ARN}/fota/*")],
            ["ok"],
        ),
        ([allow("s3:GetObject", f"{BUCKET_ARN}/fota/*")], ["error"]),
        ([allow(["s3:GetObject", "s3:GetObjectVersion"], f"{BUCKET_ARN}/other/*")], ["error", "warning"]),
        ([READS, allow("s3:GetObject", f"{BUCKET_ARN}/*")], ["warning"]),
        ([READS, allow("s3:GetObject", "arn:aws:s3:::releases-eu/fota/*")], ["ok"]),
        ([READS, allow("s3:GetObject", "arn:aws:s3:::releases*/fota/*")], ["warning"]),
        ([READS, allow("s3:GetObject", "arn:aws:s3:::releases-eu/*/fota/*")], ["warning"]),
        ([READS, allow("s3:PutObject", f"{BUCKET_ARN}/fota/*")], ["warning"]),
        ([allow("s3:*")], ["warning"]),
        ([allow("*")], ["warning"]),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], ["warning"]),
        ([READS, {"Effect": "Deny", "Action": "s3:*", "Resource": f"{BUCKET_ARN}/*"}], ["error"]),
        ([], ["error"]),
    ],
)
def test_a_role_may_read_images_and_nothing_but_images(
    statements: list[dict[str, object]], levels: list[str]
) -> None:
    findings = read_findings("signer", [document(*statements)], bucket="releases", partition="aws")
    assert [finding.level for finding in findings] == levels


def test_what_is_missing_and_what_is_too_wide_is_named() -> None:
    documents = [document(allow("s3:GetObject", IMAGES)), document(allow("s3:PutObject"))]
    missing, wide = read_findings("signer", documents, bucket="releases", partition="aws")
    assert missing.text == "it may not s3:GetObjectVersion s3://releases/fota/*"
    assert missing.remedy == "run `fota bootstrap role=signer bucket=releases`"
    assert wide.text == "it may s3:PutObject on *, and a URL needs less"


def test_the_policy_that_bootstrap_gives_a_role_is_right() -> None:
    (finding,) = read_findings("signer", [read_policy(BUCKET_ARN)], bucket="releases", partition="aws")
    assert finding.level == "ok"


TLS = tls_statement(BUCKET_ARN)


@pytest.mark.parametrize(
    ("statements", "refuses"),
    [
        ([TLS], True),
        ([allow("s3:GetObject", f"{BUCKET_ARN}/*", Principal="*"), TLS], True),
        ([TLS | {"Principal": {"AWS": "*"}, "Sid": "another"}], True),
        ([TLS | {"Condition": {"Bool": {"aws:SecureTransport": False}}}], True),
        ([TLS | {"Effect": "Allow"}], False),
        ([TLS | {"Action": "s3:GetObject"}], False),
        ([TLS | {"Resource": f"{BUCKET_ARN}/*"}], False),
        ([TLS | {"Principal": {"AWS": "arn:aws:iam::1:root"}}], False),
        ([TLS | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}], False),
        ([TLS | {"Condition": {**TLS["Condition"], "StringEquals": {"aws:PrincipalAccount": "1"}}}], False),  # type: ignore[dict-item]
        ([], False),
    ],
)
def test_a_bucket_speaks_tls_only_if_all_else_is_refused_for_everybody(
    statements: list[dict[str, object]], refuses: bool
) -> None:
    assert refuses_plain_http(document(*statements), bucket="releases", partition="aws") is refuses


PREFIX = "arn:aws:iot:eu-west-1:111122223333"
NAME = "${iot:Connection.Thing.ThingName}"


@pytest.mark.parametrize(
    ("statement", "level"),
    [
        (allow("iot:*"), "error"),
        (allow("*"), "error"),
        (allow("iot:Publish"), "error"),
        (allow(["iot:Subscribe", "iot:Receive"], f"{PREFIX}:*"), "error"),
        (allow("iot:Connect", f"{PREFIX}:client/*"), "error"),
        (allow("iot:Publish", f"{PREFIX}:topic/*"), "error"),
        (allow("iot:Publish", f"{PREFIX}:topic/$aws/things/*/jobs/*"), "error"),
        (allow("iot:Subscribe", f"{PREFIX}:topicfilter/$aws/things/?*"), "error"),
        (allow("iot:Publish", "arn:aws:iot:*:*:topic/plant"), "error"),
        (allow("iot:Connect", f"{PREFIX}:client/pump-*"), "error"),
        (allow("iot:Connect", f"{PREFIX}:client/{NAME}*"), "error"),
        (allow("iot:Publish", f"{PREFIX}:topic/$aws/things/pump-?/jobs/*"), "error"),
        (allow("iot:Receive", f"{PREFIX}:topic/$aws*"), "error"),
        (allow("iot:*", f"{PREFIX}:topic/things/{NAME}/*"), "warning"),
        (allow("iot:Connect", f"{PREFIX}:client/{NAME}"), None),
        (allow("iot:Publish", f"{PREFIX}:topic/$aws/things/{NAME}/jobs/*"), None),
        (allow("iot:Publish", f"{PREFIX}:topic/$aws/things/pump-1/*"), None),
        (allow("iot:Publish", f"{PREFIX}:topic/plant/*"), None),
        ({"Effect": "Deny", "Action": "iot:*", "Resource": "*"}, None),
    ],
)
def test_a_device_policy_is_too_wide_if_a_device_can_act_for_another(
    statement: dict[str, object], level: str | None
) -> None:
    finding = device_policy_finding("fleet", document(statement))
    assert (None if finding is None else finding.level) == level


def test_the_policy_of_devices_that_we_write_is_not_too_wide() -> None:
    assert device_policy_finding("device", policy_document(PREFIX, ("plant/7",))) is None


@pytest.mark.parametrize("unreadable", [None, "", "[", [], {}, {"Statement": "none"}, {"Statement": [1]}])
def test_what_is_no_policy_says_nothing(unreadable: object) -> None:
    assert parse_statements(unreadable) == ()


def test_a_document_of_one_statement_is_read_like_a_list_of_one() -> None:
    assert parse_statements({"Statement": READS}) == parse_statements({"Statement": [READS]})


def test_a_statement_that_neither_allows_nor_denies_grants_nothing() -> None:
    assert not permits(
        parse_statements(document(READS | {"Effect": "Permit"})), "s3:GetObject", f"{BUCKET_ARN}/fota/1"
    )


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("s3:Get*", "s3:GetObject", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("arn:*", "arn:aws:s3:::x/y", True),
        ("[ab]", "a", False),
        ("a.c", "abc", False),
    ],
)
def test_a_pattern_knows_two_wildcards_and_no_others(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected
