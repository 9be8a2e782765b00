"""A rollout that is named wrongly: the command says which one may be meant."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError

from fota_operator.errors import NotFound
from fota_operator.rollouts.aws.names import plan_key
from fota_operator.rollouts.aws.plan_store import load_plan


def cloud_with(names: list[str], *, code: str | None = None) -> Any:
    """An account with the plans of these rollouts; `code` is the answer to who lists them."""

    def absent(**_: object) -> NoReturn:
        raise ClientError({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")

    def pages(**_: object) -> Iterator[dict[str, object]]:
        if code is not None:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "ListObjectsV2")
        yield {"Contents": [{"Key": plan_key(name)} for name in names]}

    s3 = SimpleNamespace(
        get_object=absent,
        get_paginator=lambda _: SimpleNamespace(paginate=pages),
        list_buckets=lambda: {"Buckets": [{"Name": "fota-1-eu-west-1"}]},
    )
    return SimpleNamespace(s3=s3, account_id="1", region="us-east-1")


@pytest.mark.parametrize(
    ("names", "remedy"),
    [
        (["pump-1-4-0", "lamp-2"], "did you mean pump-1-4-0?"),
        (["lamp-2"], "look at `fota rollout list`, at the region, or name its bucket with `bucket`"),
        ([], "look at `fota rollout list`, at the region, or name its bucket with `bucket`"),
    ],
)
def test_the_nearest_name_is_proposed(names: list[str], remedy: str) -> None:
    with pytest.raises(NotFound) as raised:
        load_plan(cloud_with(names), "pump-140", "b")
    assert (raised.value.message, raised.value.remedy) == ("there is no rollout pump-140 in s3://b", remedy)


def test_who_may_not_list_the_rollouts_is_told_where_to_look() -> None:
    with pytest.raises(NotFound, match="there is no rollout pump-140 in s3://b; look at"):
        load_plan(cloud_with([], code="AccessDenied"), "pump-140", "b")


def test_a_bucket_that_is_not_there_is_told_as_such() -> None:
    with pytest.raises(NotFound, match="there is no bucket b; look at its name; a new one is made by"):
        load_plan(cloud_with([], code="NoSuchBucket"), "pump-140", "b")


def test_in_the_wrong_region_the_bucket_of_the_right_one_is_proposed_and_no_new_one() -> None:
    with pytest.raises(NotFound) as raised:
        load_plan(cloud_with([], code="NoSuchBucket"), "pump-140")
    assert raised.value.message == "there is no bucket fota-1-us-east-1"
    assert raised.value.remedy == "did you mean fota-1-eu-west-1?"
