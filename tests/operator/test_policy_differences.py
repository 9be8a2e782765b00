"""How a policy differs from the one that it should be, in words."""

import pytest

from fota_operator.account.policy_differences import policy_differences


def policy(*actions: str, effect: str = "Allow", **others: object) -> dict[str, object]:
    return {"Statement": [{"Effect": effect, "Action": list(actions), "Resource": "r", **others}]}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (policy("a", "b"), "it also allows b on r"),
        (policy("b"), "it also allows b on r and it does not allow a on r"),
        (policy(), "it does not allow a on r"),
        ("no json", "it does not allow a on r"),
        (policy("a", "b", "c", "d"), "it also allows b on r, c on r and 1 more"),
        (policy("a", Condition={"Bool": {"x": "y"}}), "its conditions, or what it denies, are others"),
    ],
)
def test_what_is_too_much_and_what_is_missing_is_named(found: object, told: str) -> None:
    assert policy_differences(found, policy("a")) == told
