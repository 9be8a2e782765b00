"""What a plan says of things that are offline, by an index that is stricter than AWS's."""

from fota_operator.rate_limiter import SystemClock
from fota_operator.rollouts.preview import forecast
from tests.labs.strict_fleet import StrictFleet


def test_things_that_are_offline_are_found_on_every_page_of_the_index() -> None:
    strict = StrictFleet()
    for number in range(1, 6):
        strict.add(f"pump-{number}", connection=(number % 2 == 0, None))
    strict.index_everything()
    things = [f"pump-{number}" for number in (5, 4, 1)]
    assert forecast(strict.cloud, things, SystemClock(), 0).offline == ("pump-5", "pump-1")
    strict.operations.close()
