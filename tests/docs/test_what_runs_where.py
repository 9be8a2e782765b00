"""The how-to on what runs where, typed as it is written, on the local AWS."""

import re
import shlex

import pytest

from fota_operator.cloud import Cloud
from fota_operator.fleet.said_state import DOUBTS
from fota_operator.local.aws import LocalAws
from tests.labs.aws_for_tests import cloud, local_aws
from tests.labs.docs_pages import ROOT
from tests.labs.fota_command import FotaCommand
from tests.labs.strict_fleet import telling

__all__ = ("cloud", "local_aws")

PAGE = (ROOT / "docs/how-to/what-runs-where.md").read_text(encoding="utf-8")


def typed() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def fota(local_aws: LocalAws, cloud: Cloud) -> FotaCommand:
    cloud.iot.create_thing_group(thingGroupName="north")
    cloud.iot.create_thing(thingName="pump-7")
    cloud.iot.add_thing_to_thing_group(thingGroupName="north", thingName="pump-7")
    said = str({"state": {"reported": telling("1.2.9")}}).replace("'", '"').encode()
    cloud.iot_data.update_thing_shadow(thingName="pump-7", shadowName="fota", payload=said)
    return FotaCommand(local_aws.environment())


@pytest.mark.e2e
def test_every_command_of_the_page_can_be_typed(fota: FotaCommand) -> None:
    lines = typed()
    assert len(lines) >= 10
    for line in lines:
        _, *words = shlex.split(line)
        result = fota(*words)
        assert result.exit_code == 0, (line, result.output)
    assert "pump-7" in fota("fleet", "--version", "<1.3.0").stdout
    assert "is read by itself" in fota("fleet").stderr


def test_the_page_explains_every_note() -> None:
    table = PAGE[PAGE.index("| the note |") :]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(DOUBTS)
