"""How a job may end: as its offer says, or as power cuts and the service excuse. I6.

This is a part of the oracle, and uses nothing of the code under test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeps.powercut.history import History, count
from sweeps.powercut.scenarios import CRASHES_LATER, HEALTHY

if TYPE_CHECKING:
    from sweeps.powercut.cloud import CloudState, ExecutionState
    from sweeps.powercut.scenarios import Offer, Scenario

SUCCEEDED, KNOWN_BAD, ROLLED_BACK = ("SUCCEEDED", ""), ("REJECTED", "known-bad"), ("FAILED", "rolled-back")
NEVER_WITHOUT_DAMAGE = "image-damaged"
"""A cause of a rollback that no power cut may lead to: an image that a cut has torn is never started."""

TIMES_NOT_CONFIRMED = 3
"""A device that restarted in this number of trials of an image is evidence against the image."""


def is_true(execution: ExecutionState, offer: Offer, cloud: CloudState, scenario: Scenario, history: History) -> bool:
    """Whether a job ended as it must, or as the power cuts excuse."""
    name, wanted = offer.image.name, _wanted(offer, cloud)
    outcome = (execution.status, dict(execution.details).get("reason", ""))
    spoiled = count(history.trials_spoiled, name)
    if outcome == KNOWN_BAD:
        was_tried = count(history.trial_boots, name) + spoiled > 0
        if not was_tried or offer.insists:
            return False
        return offer.image.behaviour != HEALTHY or spoiled >= TIMES_NOT_CONFIRMED * scenario.attempts
    if dict(execution.details).get("cause") == NEVER_WITHOUT_DAMAGE:
        return False
    # An image that crashes later may do so before its success was told.
    fell_back = offer.image.behaviour == CRASHES_LATER and history.may_fall_back
    if outcome in wanted or (fell_back and outcome == ROLLED_BACK):
        return True
    if offer.image.behaviour not in {HEALTHY, CRASHES_LATER}:
        # It was expected to be known as bad, but the job that shows it to be bad was cancelled, or its trial cut.
        was_expected = (offer.status, offer.reason) == KNOWN_BAD
        return was_expected and (scenario.may_end_early or spoiled > 0) and outcome == ROLLED_BACK
    return SUCCEEDED in wanted and spoiled >= scenario.attempts and outcome == ROLLED_BACK


def _wanted(offer: Offer, cloud: CloudState) -> tuple[tuple[str, str], ...]:
    """How a job may end; this depends on how the job that it depends on has ended."""
    found = [execution for execution in cloud.executions if execution.job_id == offer.depends_on]
    if not offer.depends_on or (found and found[0].status == "SUCCEEDED"):
        return ((offer.status, offer.reason),)
    if found and not found[0].ended_by_the_service:
        return (offer.otherwise,)
    # The service ended it without knowing how far the device had come.
    return ((offer.status, offer.reason), offer.otherwise)
