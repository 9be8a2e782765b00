"""`fota doctor` on the operator's side, against an AWS that has what is asked about, or has it wrong, or hides it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fota_boot.doctor.findings import Finding
from fota_operator.account import doctor_iot
from fota_operator.account.bootstrap import BootstrapRequest, bootstrap
from fota_operator.account.doctor import examine, skew_finding
from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Access, Cloud, connect
from fota_operator.local.aws import LocalAws
from tests.labs.accounts import SPOILT, Spoilt, access_to, as_new_user, asking, new_request, of, ready

__all__ = ("ready",)


def ailing(findings: Iterator[Finding]) -> dict[str, str]:
    """What is not well with the pieces of this test; the account has policies of other tests."""
    return {one.subject: one.level for one in findings if one.level != "ok" and "olic" not in one.subject}


@pytest.mark.e2e
def test_what_bootstrap_made_is_well(cloud: Cloud, ready: BootstrapRequest) -> None:
    assert ailing(examine(cloud, asking(ready))) == {}


@pytest.mark.e2e
def test_a_role_that_bootstrap_made_for_several_buckets_is_well(cloud: Cloud, ready: BootstrapRequest) -> None:
    bootstrap(cloud, replace(ready, bucket=f"{ready.bucket}-b"))
    assert ailing(examine(cloud, asking(ready))) == {}


@pytest.mark.e2e
def test_the_doctor_changes_nothing(cloud: Cloud, ready: BootstrapRequest) -> None:
    asked: list[str] = []

    def watch(model: Any, **_: object) -> None:
        asked.append(model.name)

    cloud.iot.meta.events.register("before-call", watch)
    list(examine(cloud, asking(ready)))
    cloud.iot.meta.events.unregister("before-call", watch)
    assert asked
    assert [name for name in asked if not name.startswith(("Get", "List", "Head", "Describe"))] == []


@pytest.mark.e2e
def test_what_is_not_there_is_said_once_with_the_command_that_makes_it(cloud: Cloud) -> None:
    request = new_request()
    findings = [one for one in examine(cloud, asking(request)) if one.level == "error" and "olic" not in one.subject]
    assert [(one.text, one.remedy) for one in findings] == [
        ("there is no such bucket", f"run `fota bootstrap bucket={request.bucket}`"),
        ("there is no such role", f"run `fota bootstrap role={request.role}`"),
    ]


@pytest.mark.e2e
@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda one: f"{one.setting} {one.found}")
def test_a_setting_of_the_bucket_that_is_not_right_is_found(
    cloud: Cloud, ready: BootstrapRequest, spoilt: Spoilt
) -> None:
    spoilt.spoil(cloud.s3, ready.bucket)
    assert ailing(examine(cloud, asking(ready))) == {f"bucket {ready.bucket}, {spoilt.setting}": spoilt.level}


@pytest.mark.e2e
def test_a_role_that_trusts_too_many_is_found(cloud: Cloud, ready: BootstrapRequest) -> None:
    cloud.iam.update_assume_role_policy(RoleName=ready.role, PolicyDocument=json.dumps(TRUST_IOT))
    found = of(examine(cloud, asking(ready)), f"role {ready.role}, trust")
    assert found == [("warning", "AWS IoT may assume it on behalf of any account")]


@pytest.mark.e2e
def test_what_a_role_may_by_an_attached_policy_counts_too(cloud: Cloud, ready: BootstrapRequest) -> None:
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    arn = cloud.iam.create_policy(PolicyName=f"wide-{ready.role}", PolicyDocument=document)["Policy"]["Arn"]
    cloud.iam.attach_role_policy(RoleName=ready.role, PolicyArn=arn)
    found = of(examine(cloud, asking(ready)), f"role {ready.role}, permissions")
    assert found == [("warning", "it may s3:PutObject on *, and a URL needs less")]


@pytest.mark.e2e
def test_what_a_role_may_by_a_policy_that_aws_lists_on_another_page_counts_too(
    cloud: Cloud, ready: BootstrapRequest
) -> None:
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    cloud.iam.put_role_policy(RoleName=ready.role, PolicyName="wide", PolicyDocument=document)
    asked: list[str] = []

    def on_two_pages(parsed: Any, model: Any, **_: object) -> None:
        asked.append(model.name)
        if len(asked) == 1:
            parsed |= {"PolicyNames": parsed["PolicyNames"][:1], "IsTruncated": True, "Marker": "the second page"}

    cloud.iam.meta.events.register("after-call.iam.ListRolePolicies", on_two_pages)
    try:
        found = of(examine(cloud, asking(ready)), f"role {ready.role}, permissions")
    finally:
        cloud.iam.meta.events.unregister("after-call.iam.ListRolePolicies", on_two_pages)
    assert found == [("warning", "it may s3:PutObject on *, and a URL needs less")]


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("spec", "usage", "level"),
    [
        ("ECC_NIST_P256", "SIGN_VERIFY", "ok"),
        ("ECC_NIST_P384", "SIGN_VERIFY", "error"),
        ("RSA_2048", "ENCRYPT_DECRYPT", "error"),
    ],
)
def test_a_key_is_well_if_it_signs_by_p256(
    cloud: Cloud, ready: BootstrapRequest, spec: Any, usage: Any, level: str
) -> None:
    key = cloud.kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
    assert [one[0] for one in of(examine(cloud, asking(ready, key=key)), f"key {key}")] == [level]


@pytest.mark.e2e
def test_a_key_that_is_out_of_use_is_found(cloud: Cloud, ready: BootstrapRequest) -> None:
    key = cloud.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    cloud.kms.disable_key(KeyId=key)
    assert [one[0] for one in of(examine(cloud, asking(ready, key=key)), f"key {key}")] == ["error"]


@pytest.mark.e2e
def test_a_key_that_is_not_there_is_found(cloud: Cloud, ready: BootstrapRequest) -> None:
    found = of(examine(cloud, asking(ready, key="alias/none")), "key alias/none")
    assert found == [("error", "there is no key alias/none in KMS here")]


@pytest.mark.e2e
def test_a_key_that_one_may_not_sign_with_is_found(
    cloud: Cloud, local_aws: LocalAws, ready: BootstrapRequest
) -> None:
    key = cloud.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    reader = as_new_user(cloud, local_aws, allowed=("kms:GetPublicKey",))
    ((level, text),) = of(examine(reader, asking(ready, key=key)), f"key {key}")
    assert (level, "kms:Sign" in text) == ("error", True)


@pytest.mark.e2e
def test_many_jobs_are_a_warning(
    cloud: Cloud, thing: str, new_name: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = cloud.iot.describe_thing(thingName=thing)["thingArn"]
    cloud.iot.create_job(jobId=new_name(), targets=[arn], document="{}")
    monkeypatch.setattr(doctor_iot, "_MANY_JOBS", 1)
    assert [one.level for one in doctor_iot.job_findings(cloud)] == ["warning"]


@pytest.mark.e2e
def test_what_may_not_be_looked_at_is_not_known(cloud: Cloud, local_aws: LocalAws, ready: BootstrapRequest) -> None:
    stranger = as_new_user(cloud, local_aws)
    findings = list(examine(stranger, asking(ready)))
    unknown = [one for one in findings if one.text.startswith("not known: ")]
    assert {one.level for one in unknown} == {"warning"}
    assert {one.subject for one in unknown} >= {"AWS IoT", f"role {ready.role}, trust", "IoT policies", "jobs"}
    assert all("allow the action" in one.remedy for one in unknown)


@pytest.mark.e2e
def test_wrong_credentials_end_the_examination(local_aws: LocalAws) -> None:
    wrong = connect(replace(access_to(local_aws), access_key_id="AKIANOBODYHASTHIS000"))
    findings = list(examine(wrong))
    assert (findings[0].subject, findings[0].level) == ("credentials", "error")
    assert [one.subject for one in findings[1:]] in ([], ["clock"])


@pytest.mark.e2e
def test_credentials_that_a_wrong_clock_spoils_are_blamed_on_the_clock(cloud: Cloud) -> None:
    long_ago = {"HTTPHeaders": {"date": "Mon, 01 Jan 2024 00:00:00 GMT"}}

    class Refusing:
        @property
        def caller_arn(self) -> str:
            response: Any = {
                "Error": {"Code": "SignatureDoesNotMatch", "Message": "Signature expired"},
                "ResponseMetadata": long_ago,
            }
            from fota_operator.cloud import explaining

            with explaining("ask AWS who we are"):
                raise ClientError(response, "GetCallerIdentity")

    findings = list(examine(Refusing()))  # type: ignore[arg-type]
    assert [(one.subject, one.level) for one in findings] == [("credentials", "error"), ("clock", "error")]


def test_where_nobody_answers_one_finding_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    # One try is enough where nobody will answer.
    monkeypatch.setattr("fota_operator.cloud.MAX_ATTEMPTS", 1)
    nowhere = connect(
        Access(endpoint_url="https://localhost:1", region="eu-west-1", access_key_id="a", secret_access_key="b")
    )
    (finding,) = examine(nowhere)
    assert (finding.subject, finding.level) == ("credentials", "error")
    assert "no answer from https://localhost:1" in finding.text


NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("skew_s", "level"),
    [(0, "ok"), (29, "ok"), (-29, "ok"), (30, "warning"), (-299, "warning"), (300, "error"), (-86_400, "error")],
)
def test_a_clock_that_is_far_away_from_that_of_aws_is_found(skew_s: int, level: str) -> None:
    assert skew_finding("Thu, 01 Jan 2026 12:00:00 GMT", NOON + timedelta(seconds=skew_s)).level == level


@pytest.mark.parametrize("date", ["", "now", "Thu, 01 Jan"])
def test_a_date_that_cannot_be_read_tells_nothing(date: str) -> None:
    assert skew_finding(date, NOON).level == "warning"
