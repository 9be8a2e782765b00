"""Nothing of a rollout stays in the registry, however many there are and whatever is silent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import Stage
from tests.labs.aws_for_tests import cloud, local_aws
from tests.labs.rollout_lab import RolloutLab
from tests.labs.signatures import Signatures
from tests.labs.ten_groups import MAX_GROUPS, TenGroups

__all__ = ("cloud", "local_aws")

pytestmark = pytest.mark.e2e

THINGS = 130
ROLLOUTS = 10
NEARLY_ALL = (Stage("all", percent=100.0, gate=Gate(succeeded_percent=99)),)


@pytest.fixture
def registry(cloud: Cloud) -> Iterator[TenGroups]:
    registry = TenGroups(cloud)
    yield registry
    registry.end()


def test_ten_rollouts_in_a_row_to_the_same_things_with_one_silent_leave_no_group(
    local_aws: LocalAws, cloud: Cloud, signatures: Signatures, tmp_path: Path, registry: TenGroups
) -> None:
    labs = [RolloutLab(local_aws, cloud, signatures, _folder(tmp_path, number), cloud) for number in range(ROLLOUTS)]
    fleet = labs[0].fleet(THINGS)
    silent, full = fleet.names[:2]
    fleet.offline = {silent}
    # One of them is in as many groups as AWS allows before the first rollout begins.
    for _ in range(MAX_GROUPS):
        labs[0].group([full])
    with pytest.raises(ClientError, match="maximum number of groups"):
        labs[0].group([full])
    registry.changes.clear()
    for lab in labs:
        fleet.ended.clear()
        assert lab.run(lab.plan(fleet, stages=NEARLY_ALL), fleet.turn).state == "done"
        assert lab.status.stages[0].counts == {"SUCCEEDED": THINGS - 1, "QUEUED": 1}
    assert {len(jobs) for name, jobs in fleet.offered.items() if name != silent} == {ROLLOUTS}
    assert [lab.groups_left() for lab in labs] == [[]] * ROLLOUTS
    assert registry.changes == []


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder
