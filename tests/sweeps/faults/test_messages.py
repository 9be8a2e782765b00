"""What one update puts on the wire is what plans count with. The table of it is in docs/reference/device-api.md."""

import pytest

from fota_operator.rollouts.plan import cost, quotas
from sweeps.faults import halves, messages
from sweeps.faults.messages import REPORTS, WAYS, Way, WireCount


@pytest.fixture(scope="module", params=halves.HALVES)
def counts(request: pytest.FixtureRequest) -> dict[Way, WireCount]:
    return {way: messages.count(way, request.param) for way in WAYS}


def test_no_update_has_more_messages_than_a_plan_counts_with(counts: dict[Way, WireCount]) -> None:
    without_reports = [found for way, found in counts.items() if not way.reports]
    assert max(found.reads for found in without_reports) == quotas.READS_OF_AN_UPDATE
    assert max(found.writes for found in without_reports) == quotas.WRITES_OF_AN_UPDATE
    assert max(found.states for found in without_reports) == quotas.SHADOW_WRITES_OF_AN_UPDATE
    assert max(found.filters for found in without_reports) == quotas.FILTERS_OF_AN_UPDATE
    assert max(found.messages for found in without_reports) == cost.MESSAGES_OF_AN_UPDATE


def test_a_report_of_progress_is_one_write_and_three_messages(counts: dict[Way, WireCount]) -> None:
    without, reporting = counts[Way("MQTT open, no state")], counts[WAYS[1]]
    assert reporting.writes - without.writes == REPORTS
    assert reporting.messages - without.messages == REPORTS * cost.MESSAGES_OF_A_REPORT


def test_the_state_is_told_on_change_alone(counts: dict[Way, WireCount]) -> None:
    told = {way: found.states for way, found in counts.items()}
    assert told == {way: int(way.tells_state) + way.checks_health for way in WAYS}


def test_both_interpreters_send_the_same_messages() -> None:
    for way in WAYS:
        one, other = (messages.count(way, half) for half in halves.HALVES)
        assert (one.messages, one.filters, one.connects) == (other.messages, other.filters, other.connects)
        assert one.sent_bytes == pytest.approx(other.sent_bytes, rel=0.05)
