"""What tests of rollouts arrange with: the local AWS by way of a proxy that makes faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fota_operator.cloud import Access, Cloud, connect
from fota_operator.local.aws import REGION, LocalAws
from tests.labs.aws_faults import Proxy
from tests.labs.rollout_lab import RolloutLab
from tests.labs.signatures import Signatures


@pytest.fixture
def proxy(local_aws: LocalAws) -> Iterator[Proxy]:
    with Proxy(local_aws) as proxy:
        yield proxy


@pytest.fixture
def through(local_aws: LocalAws, proxy: Proxy) -> Cloud:
    """The local AWS, by way of the proxy."""
    return connect(
        Access(
            endpoint_url=proxy.url,
            ca_bundle=str(local_aws.ca_bundle),
            region=REGION,
            access_key_id="test",
            secret_access_key="test",
        )
    )


@pytest.fixture
def lab(local_aws: LocalAws, cloud: Cloud, signatures: Signatures, tmp_path: Path) -> RolloutLab:
    """Rollouts that reach the local AWS without a fault."""
    return RolloutLab(local_aws, cloud, signatures, tmp_path, cloud)


@pytest.fixture
def faulty_lab(
    local_aws: LocalAws, cloud: Cloud, signatures: Signatures, tmp_path: Path, through: Cloud
) -> RolloutLab:
    """Rollouts that reach it by way of the proxy."""
    return RolloutLab(local_aws, cloud, signatures, tmp_path, through)
