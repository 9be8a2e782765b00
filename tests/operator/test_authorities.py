"""The authorities that go into a thing's folder for AWS itself: Amazon's, found by their digests."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from fota_operator.aws_hosts import is_host_of_aws
from fota_operator.cloud import ca_bundle
from fota_operator.errors import NotFound
from fota_operator.things import things
from fota_operator.things.authorities import amazon_authorities
from fota_operator.things.things import ThingOptions

HOSTS = (
    "s3.cn-north-1.amazonaws.com.cn",
    "iot.eu-west-1.api.aws",
    "iot.cn-north-1.api.amazonwebservices.com.cn",
    "IOT.EU-WEST-1.AMAZONAWS.COM",
)
ENDPOINT = "a1b2c3-ats.iot.eu-west-1.amazonaws.com"


@dataclass
class AccountOfThings:
    """As much of a cloud as a thing's description needs."""

    is_stand_in: bool = False
    endpoint: str = ENDPOINT
    partition: str = "aws"
    region: str = "eu-west-1"
    account_id: str = "111122223333"

    @property
    def iot(self) -> SimpleNamespace:
        return SimpleNamespace(describe_endpoint=lambda **_: {"endpointAddress": self.endpoint})


def authorities_for(account: AccountOfThings, endpoint: str | None = None) -> bytes | None:
    return things._wanted(account, ThingOptions(endpoint=endpoint)).cacert_pem  # type: ignore[arg-type]


def test_boto3_brings_all_five_authorities_of_amazon() -> None:
    pem = amazon_authorities(ca_bundle())
    names = [line for line in pem.decode().splitlines() if line.startswith("# ")]
    assert names == [*(f"# Amazon Root CA {number}" for number in range(1, 5)), "# Starfield Services Root CA G2"]
    assert pem.count(b"-----BEGIN CERTIFICATE-----") == pem.count(b"-----END CERTIFICATE-----") == 5


def test_a_thing_of_aws_itself_gets_the_authorities_of_amazon() -> None:
    assert authorities_for(AccountOfThings()) == amazon_authorities(ca_bundle())


@pytest.mark.parametrize(
    ("account", "endpoint"),
    [
        (AccountOfThings(is_stand_in=True), None),
        (AccountOfThings(is_stand_in=True), ENDPOINT),
        (AccountOfThings(), "mqtt.pumps.example"),
        (AccountOfThings(), "localhost:8883"),
        (AccountOfThings(endpoint="iot.pumps.example"), None),
    ],
)
def test_devices_of_another_endpoint_trust_what_their_system_trusts(
    account: AccountOfThings, endpoint: str | None
) -> None:
    assert authorities_for(account, endpoint) is None


def test_a_given_endpoint_of_aws_with_a_port_is_one_of_aws() -> None:
    assert authorities_for(AccountOfThings(), f"{ENDPOINT}:443") == amazon_authorities(ca_bundle())


@pytest.mark.parametrize("host", HOSTS)
def test_hosts_of_every_partition_are_those_of_aws(host: str) -> None:
    assert is_host_of_aws(host)


@pytest.mark.parametrize("host", ["amazonaws.com.evil.example", "evilamazonaws.com", "localhost", ""])
def test_a_host_that_only_looks_like_one_is_not_one_of_aws(host: str) -> None:
    assert not is_host_of_aws(host)


def test_a_bundle_without_amazon_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bundle.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(NotFound, match="Amazon Root CA 1"):
        amazon_authorities(tmp_path / "bundle.pem")
    with pytest.raises(NotFound, match="cannot read"):
        amazon_authorities(tmp_path / "none.pem")
