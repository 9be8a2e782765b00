"""`fota doctor` on the policies of devices: how wide they are, and which certificates have them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fota_operator.account import doctor_iot
from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from tests.labs.accounts import of


@pytest.fixture
def wide_policy(cloud: Cloud, new_name: Callable[[], str]) -> Iterator[str]:
    name = f"wide-{new_name()}"
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}}
    cloud.iot.create_policy(policyName=name, policyDocument=json.dumps(document))
    yield name
    for target in cloud.iot.list_targets_for_policy(policyName=name)["targets"]:
        cloud.iot.detach_policy(policyName=name, target=target)
    cloud.iot.delete_policy(policyName=name)


@pytest.mark.e2e
def test_a_wide_policy_of_devices_is_an_error_if_a_certificate_has_it(
    cloud: Cloud, local_aws: LocalAws, wide_policy: str, tmp_path: Path, new_name: Callable[[], str]
) -> None:
    (added,) = add_things(cloud, [new_name()], tmp_path / "things", local_aws.thing_options())
    cloud.iot.attach_policy(policyName=wide_policy, target=added.certificate_arn)
    found = of(doctor_iot.policy_findings(cloud), f"policy {wide_policy}")
    assert found == [("error", "it allows iot:* on *; 1 certificates have it")]


@pytest.mark.e2e
def test_of_a_policy_that_more_have_than_were_asked_for_that_is_said(
    cloud: Cloud,
    local_aws: LocalAws,
    wide_policy: str,
    tmp_path: Path,
    new_name: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for added in add_things(cloud, [new_name(), new_name()], tmp_path / "things", local_aws.thing_options()):
        cloud.iot.attach_policy(policyName=wide_policy, target=added.certificate_arn)
    monkeypatch.setattr(doctor_iot, "_PAGE", 1)
    found = of(doctor_iot.policy_findings(cloud), f"policy {wide_policy}")
    assert found == [("error", "it allows iot:* on *; 1 or more certificates have it")]


@pytest.mark.e2e
def test_a_wide_policy_that_nothing_has_is_a_warning(cloud: Cloud, wide_policy: str) -> None:
    found = of(doctor_iot.policy_findings(cloud), f"policy {wide_policy}")
    assert found == [("warning", "it allows iot:* on *; nothing has it")]


@pytest.mark.e2e
def test_only_so_many_policies_are_read_and_those_of_others_first(
    cloud: Cloud, wide_policy: str, thing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = cloud.iot.list_policies(pageSize=250)["policies"]
    others = [one["policyName"] for one in policies if not one["policyName"].startswith("fota-")]
    monkeypatch.setattr(doctor_iot, "MAX_POLICIES_READ", len(others))
    findings = list(doctor_iot.policy_findings(cloud))
    assert f"policy {wide_policy}" in [one.subject for one in findings]
    assert f"of {len(policies)}, {len(others)} were read" in findings[-1].text
