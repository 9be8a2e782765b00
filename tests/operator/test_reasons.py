"""The words of devices, and what an operator does about each."""

import pytest

from fota import errors
from fota.record import CAUSES as KNOWN_CAUSES
from fota.trust import errors as trust_errors
from fota_operator.jobs.progress import FAILURES
from fota_operator.jobs.reasons import CAUSES, FAILED, REFUSED, STATUSES, meaning

GROUPS = {errors.DownloadFailed, trust_errors.NotTrusted}
"""They only group others, and are not reported."""


def reported(branch: type[errors.FotaError]) -> set[str]:
    """The reasons of a branch that a device may report."""
    found: set[str] = set()
    for kind in branch.__subclasses__():
        if kind.__module__ in (errors.__name__, trust_errors.__name__):
            found |= reported(kind) | (set() if kind in GROUPS else {kind.reason})
    return found


def test_every_reason_of_a_device_has_a_meaning_and_no_other_word_has() -> None:
    assert (set(REFUSED), set(FAILED)) == (reported(errors.Refused), reported(errors.Failed))


def test_every_cause_of_a_rollback_has_a_meaning_and_no_other_word_has() -> None:
    assert set(CAUSES) == set(KNOWN_CAUSES) - {"none"}


def test_every_status_of_aws_has_a_meaning() -> None:
    assert set(STATUSES) == {"QUEUED", "IN_PROGRESS", "SUCCEEDED", "CANCELED", "REMOVED", *FAILURES}


@pytest.mark.parametrize("word", [*REFUSED, *FAILED, *CAUSES])
def test_every_way_to_fail_has_a_remedy(word: str) -> None:
    assert (REFUSED | FAILED | CAUSES)[word].remedy


@pytest.mark.parametrize(
    ("status", "details", "words"),
    [
        ("FAILED", {"reason": "no-space"}, "disk is full"),
        ("REJECTED", {"reason": "unsigned"}, "no envelope"),
        ("FAILED", {"reason": "rolled-back"}, "runs the image it had before"),
        ("FAILED", {"reason": "rolled-back", "cause": "crashed"}, "ended by itself"),
        ("FAILED", {"reason": "rolled-back", "cause": "a-new-one"}, "runs the image it had before"),
        ("FAILED", {"reason": "a-new-one"}, "does not know"),
        ("FAILED", {}, "could not"),
        ("TIMED_OUT", {"reason": "no-space"}, "within the time"),
        ("SUCCEEDED", {}, "runs and is confirmed"),
        ("A_NEW_ONE", {}, "does not know"),
    ],
)
def test_what_an_execution_means(status: str, details: dict[str, str], words: str) -> None:
    assert words in meaning(status, details).when


def test_the_cause_of_a_rollback_decides_what_to_do() -> None:
    cause = {"reason": "rolled-back", "cause": "health-check"}
    assert meaning("FAILED", cause).remedy == CAUSES["health-check"].remedy
