"""AWS answers with what is no JSON where a policy belongs: that is said, and nothing of others is replaced."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from fota_operator.account import bucket, grants
from fota_operator.account.pieces import RIGHT
from fota_operator.errors import OperatorError

NO_POLICIES = ["", "{", "[]", '"text"', "null", "[" * 100_000, "\x1b[2J"]


def cloud_with(policy: str) -> Any:
    """A cloud whose policies all are this text, and what was put in their place."""
    put: list[dict[str, str]] = []
    s3 = SimpleNamespace(
        get_bucket_policy=lambda **_: {"Policy": policy}, put_bucket_policy=lambda **it: put.append(it)
    )
    iot = SimpleNamespace(get_policy=lambda **_: {"policyDocument": policy})
    return SimpleNamespace(s3=s3, iot=iot, partition="aws", put=put)


@pytest.mark.parametrize("policy", NO_POLICIES[1:], ids=range(1, len(NO_POLICIES)))
def test_a_bucket_policy_that_is_none_is_not_replaced(policy: str) -> None:
    cloud = cloud_with(policy)
    with pytest.raises(OperatorError, match="the policy of the bucket b is no JSON object"):
        bucket._refuse_plain_http(cloud, "b")
    assert not cloud.put


def test_statements_of_others_stay_whatever_they_are() -> None:
    cloud = cloud_with('{"Statement": ["text", 1, {"Sid": "Theirs"}]}')
    bucket._refuse_plain_http(cloud, "b")
    (put,) = cloud.put
    assert json.loads(put["Policy"])["Statement"][:3] == ["text", 1, {"Sid": "Theirs"}]


@pytest.mark.parametrize("policy", NO_POLICIES, ids=range(len(NO_POLICIES)))
def test_a_policy_of_ours_that_is_no_policy_differs(policy: str) -> None:
    look = grants._device_policy(cloud_with(policy), '{"Version": "2012-10-17"}')
    assert look != RIGHT
    assert look.found == "differs"
