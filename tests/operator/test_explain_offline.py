"""`fota explain` says whether a device is connected and since when, by the best source that AWS gives."""

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import CloudRefused
from fota_operator.things.connectivity import ThingConnection, connection_in, connection_of
from tests.labs.fota_command import FotaCommand
from tests.labs.strict_fleet import StrictFleet

AT = datetime(2026, 9, 20, 12, tzinfo=timezone.utc)
AT_MS = int(AT.timestamp() * 1000)


@pytest.fixture
def strict() -> Iterator[StrictFleet]:
    fleet = StrictFleet()
    fleet.add("pump-1", connection=(False, AT_MS))
    fleet.add("pump-2", connection=(True, AT_MS))
    fleet.add("pump-3")
    fleet.index_everything()
    yield fleet
    fleet.operations.close()


def test_aws_tells_of_one_device(strict: StrictFleet) -> None:
    assert connection_of(strict.cloud, "pump-1") == ThingConnection(False, AT)
    assert connection_of(strict.cloud, "pump-2") == ThingConnection(True, AT)
    assert connection_of(strict.cloud, "pump-3") == ThingConnection(False, None)
    assert strict.operations.calls["SearchIndex"] == 0


@pytest.mark.parametrize("code", ["InvalidRequestException", "UnauthorizedException", "ResourceNotFoundException"])
def test_without_that_operation_the_index_tells(strict: StrictFleet, code: str) -> None:
    strict.operations.refuse("GetThingConnectivityData", code)
    assert connection_of(strict.cloud, "pump-1") == ThingConnection(False, AT)


@pytest.mark.parametrize("code", ["IndexNotReadyException", "UnauthorizedException", "ResourceNotFoundException"])
def test_without_both_it_is_not_known(strict: StrictFleet, code: str) -> None:
    strict.operations.refuse("GetThingConnectivityData", "InvalidRequestException")
    strict.operations.refuse("SearchIndex", code)
    assert connection_of(strict.cloud, "pump-1") is None


def test_an_aws_in_trouble_is_not_taken_for_one_that_does_not_know(strict: StrictFleet) -> None:
    strict.operations.refuse("GetThingConnectivityData", "ThrottlingException")
    with pytest.raises(CloudRefused, match="ThrottlingException"):
        connection_of(strict.cloud, "pump-1")


@pytest.mark.parametrize(
    "about", [None, {}, {"connected": "true"}, {"timestamp": AT_MS}, {"connected": 1}, "connected"]
)
def test_what_the_index_does_not_say_is_not_guessed(about: object) -> None:
    assert connection_in({"connectivity": about}) is None


@pytest.mark.parametrize("timestamp", [None, 0, -1, 10**18, "x"])
def test_a_time_that_is_none_is_not_known(timestamp: object) -> None:
    assert connection_in({"connectivity": {"connected": False, "timestamp": timestamp}}) == ThingConnection(False)


@pytest.mark.e2e
def test_the_story_of_a_device_says_it(cloud: Cloud, fota: FotaCommand, thing: str) -> None:
    unknown = "Whether it is connected is not known: AWS does not say; see `fota doctor`."
    before = cloud.iot.get_indexing_configuration()["thingIndexingConfiguration"]["thingIndexingMode"]
    off = {"thingIndexingMode": "OFF"}
    cloud.iot.update_indexing_configuration(thingIndexingConfiguration=off)  # type: ignore[arg-type]
    try:
        assert fota("explain", thing).stdout.splitlines()[-1] == unknown
        cloud.iot.update_indexing_configuration(
            thingIndexingConfiguration={"thingIndexingMode": "REGISTRY", "thingConnectivityIndexingMode": "STATUS"}
        )
        assert fota("explain", thing).stdout.splitlines()[-1] == "It is offline; since when is not known."
    finally:
        cloud.iot.update_indexing_configuration(
            thingIndexingConfiguration={"thingIndexingMode": before if before != "OFF" else "REGISTRY"}
        )
