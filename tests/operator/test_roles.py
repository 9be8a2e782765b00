import pytest

from fota_operator.account.policy_findings import iot_may_assume
from fota_operator.account.roles import TRUST_IOT

IOT = {"Service": "iot.amazonaws.com"}


def statement(effect: str = "Allow", principal: object = IOT, action: object = "sts:AssumeRole") -> dict[str, object]:
    return {"Effect": effect, "Principal": principal, "Action": action}


@pytest.mark.parametrize(
    ("trust", "may"),
    [
        (TRUST_IOT, True),
        ({"Statement": statement()}, True),
        ({"Statement": [statement(principal={"Service": ["ec2.amazonaws.com", "iot.amazonaws.com"]})]}, True),
        ({"Statement": [statement(action=["sts:TagSession", "sts:AssumeRole"])]}, True),
        ({"Statement": [statement(principal={"Service": "ec2.amazonaws.com"})]}, False),
        ({"Statement": [statement(principal={"AWS": "arn:aws:iam::1:root"})]}, False),
        ({"Statement": [statement(action="sts:TagSession")]}, False),
        ({"Statement": [statement("Deny")]}, False),
        ({"Statement": [statement(), statement("Deny")]}, False),
        ({"Statement": []}, False),
        ({}, False),
        (None, False),
        ("{}", False),
    ],
)
def test_a_trust_policy_lets_iot_in_only_if_it_says_so(trust: object, may: bool) -> None:
    assert iot_may_assume(trust) is may
