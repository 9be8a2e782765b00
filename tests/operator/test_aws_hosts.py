"""AWS's own hosts, the region that is meant, and what is no AWS."""

from pathlib import Path

import pytest
from botocore.loaders import create_loader

from fota_operator.aws_hosts import domain_of, is_host_of_aws
from fota_operator.cloud import Access, Cloud, connect

KEYS = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "example-secret", "region": "eu-west-1"}


def test_each_partition_that_boto3_knows_is_known_by_the_same_domains() -> None:
    for partition in create_loader().load_data("partitions")["partitions"]:
        outputs = partition["outputs"]
        assert domain_of(partition["id"]) == outputs["dnsSuffix"]
        assert is_host_of_aws(f"iot.somewhere.{outputs['dnsSuffix']}")
        assert is_host_of_aws(f"iot.somewhere.{outputs['dualStackDnsSuffix']}")


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine whose configuration file says eu-west-1."""
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return monkeypatch


def test_aws_region_goes_before_the_other_variable_and_the_file(configured: pytest.MonkeyPatch) -> None:
    assert (connect().region, connect().region_from) == (
        "eu-west-1",
        "the configuration of AWS, such as ~/.aws/config",
    )
    configured.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert (connect().region, connect().region_from) == ("eu-west-2", "AWS_DEFAULT_REGION")
    configured.setenv("AWS_REGION", "eu-west-3")
    assert (connect().region, connect().region_from) == ("eu-west-3", "AWS_REGION")
    assert connect(Access(region="eu-north-1")).region == "eu-north-1"


def test_an_empty_variable_is_one_that_is_not_set(configured: pytest.MonkeyPatch) -> None:
    configured.setenv("AWS_REGION", "")
    assert connect().region == "eu-west-1"


def with_account(endpoint_url: str | None, account_id: str) -> Cloud:
    cloud = connect(Access(endpoint_url=endpoint_url, **KEYS))
    cloud.__dict__["caller_arn"] = f"arn:aws:iam::{account_id}:root"
    return cloud


@pytest.mark.parametrize(
    ("endpoint_url", "account_id", "expected"),
    [
        (None, "111122223333", False),
        ("https://localhost:4566", "000000000000", True),
        ("https://ministack:4566", "000000000000", True),
        ("https://iot.inside.example", "111122223333", False),
        ("https://localhost:8443", "111122223333", False),
    ],
)
def test_aws_behind_another_host_is_no_stand_in(endpoint_url: str | None, account_id: str, expected: bool) -> None:
    assert with_account(endpoint_url, account_id).is_stand_in is expected
