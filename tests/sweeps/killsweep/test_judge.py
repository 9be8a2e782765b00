"""What counts as a violation of a device, whatever was done to it."""

from dataclasses import replace

import pytest

from sweeps.killsweep.judge import BRICK, FALSE_REPORT, STUCK, Seen, is_at_rest, violation

UPDATED = Seen(running="2", status="SUCCEEDED", reason="", is_idle=True, home_proves_itself=True)
NOT_UPDATED = Seen(running="1", status="FAILED", reason="rolled-back", is_idle=True, home_proves_itself=True)


@pytest.mark.parametrize("seen", [UPDATED, NOT_UPDATED])
def test_a_device_whose_job_tells_what_it_runs_is_well(seen: Seen) -> None:
    assert violation(seen, "2") is None
    assert is_at_rest(seen)


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (replace(UPDATED, running=None), BRICK),
        (replace(UPDATED, home_proves_itself=False), BRICK),
        (replace(UPDATED, running="1"), FALSE_REPORT),
        (replace(UPDATED, status="FAILED"), FALSE_REPORT),
        (replace(NOT_UPDATED, status="REJECTED"), FALSE_REPORT),
        (replace(NOT_UPDATED, status="CANCELED"), FALSE_REPORT),
        (replace(UPDATED, status="IN_PROGRESS"), STUCK),
        (replace(UPDATED, is_idle=False), STUCK),
    ],
)
def test_a_device_that_is_lost_reports_falsely_or_waits_for_ever_is_a_violation(seen: Seen, wrong: str) -> None:
    assert violation(seen, "2") == wrong


@pytest.mark.parametrize("change", [{"running": None}, {"status": "QUEUED"}, {"home_proves_itself": False}])
def test_a_device_that_may_yet_change_is_not_at_rest(change: dict[str, object]) -> None:
    assert not is_at_rest(replace(UPDATED, **change))  # type: ignore[arg-type]
