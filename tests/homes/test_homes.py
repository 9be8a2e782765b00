"""Homes made by the tree before this one: the present code boots them, finishes what they left, and updates them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from home_afterwards import NEXT, NEXT_JOB, settle, update_once_more
from home_device import HomeDevice, release
from home_stories import FACTORY, SECOND, STORIES, job_of, name_of

from fota import trial

Reopen = Callable[[str], HomeDevice]


@dataclass(frozen=True)
class Expected:
    """What the tree that made a home does with it at its next boot."""

    slot: int
    verdict: str
    ends: str | None = None
    """How the job ends that the home left; None if it left none."""
    details: dict[str, str] = field(default_factory=dict)
    asked_from: tuple[int, ...] = ()
    """The first byte of each download that this takes."""
    runs: bytes = FACTORY
    """What runs once the device has settled."""


_ROLLED_BACK = {"reason": "rolled-back", "attempts": "1"}

EXPECTED = {
    "fresh": Expected(0, trial.SETTLED),
    "confirmed": Expected(1, trial.SETTLED, runs=SECOND),
    "awaiting-trial": Expected(1, trial.ON_TRIAL, "SUCCEEDED", {"slot": "1"}, runs=SECOND),
    "on-trial": Expected(0, trial.ROLLED_BACK, "FAILED", {**_ROLLED_BACK, "cause": "not-confirmed"}),
    "rolled-back": Expected(0, trial.ROLLED_BACK, "FAILED", {**_ROLLED_BACK, "cause": "crashed"}),
    "unhealthy": Expected(0, trial.ROLLED_BACK, "FAILED", {**_ROLLED_BACK, "cause": "health-check"}),
    "known-bad": Expected(0, trial.SETTLED),
    "half-done": Expected(0, trial.SETTLED, "SUCCEEDED", {"slot": "1"}, (384,), runs=SECOND),
    "failed": Expected(
        0,
        trial.SETTLED,
        "FAILED",
        {"reason": "unreachable", "message": "there is no route to the server of this story"},
    ),
    "damaged-record": Expected(1, trial.SETTLED, runs=SECOND),
    # Nothing tells which image was confirmed: the first slot is on trial, and the other one to fall back on.
    "lost-record": Expected(0, trial.ON_TRIAL),
    "signed": Expected(0, trial.SETTLED),
    "signed-confirmed": Expected(1, trial.SETTLED, runs=SECOND),
    "signed-raised": Expected(1, trial.SETTLED, runs=SECOND),
    "signed-half-done": Expected(0, trial.SETTLED, "SUCCEEDED", {"slot": "1"}, (384,), runs=SECOND),
    "signed-awaiting-trial": Expected(1, trial.ON_TRIAL, "SUCCEEDED", {"slot": "1"}, runs=SECOND),
    "signed-rotated": Expected(0, trial.SETTLED),
}


def test_every_story_has_a_home_that_is_kept() -> None:
    assert [name_of(story) for story in STORIES] == list(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_kept_home_boots_the_same_slot_with_the_same_verdict(name: str, reopen: Reopen) -> None:
    device = reopen(name)
    slot = device.boot()
    assert (slot, device.device.verdict()) == (EXPECTED[name].slot, EXPECTED[name].verdict)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_kept_home_resumes_its_job_and_gives_the_report_that_it_owes(name: str, reopen: Reopen) -> None:
    device, expected = reopen(name), EXPECTED[name]
    device.boot()
    settle(device)
    if expected.ends is not None:
        execution = device.service.execution(job_of(name))
        assert (execution.status, execution.details) == (expected.ends, expected.details)
    assert device.service.ledger.pending() == []
    assert tuple(device.server.asked_from) == expected.asked_from
    assert (device.device.verdict(), device.running_image) == (trial.SETTLED, expected.runs)
    assert device.device.update_on_record() is None


@pytest.mark.parametrize("name", EXPECTED)
def test_a_kept_home_takes_a_whole_update_more(name: str, reopen: Reopen) -> None:
    device = reopen(name)
    device.boot()
    settle(device)
    before = device.device.running_slot
    update_once_more(device, name)
    assert device.service.statuses(NEXT_JOB) == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert (device.device.running_slot, device.running_image) == (1 - before, NEXT)
    assert (device.device.verdict(), device.device.update_on_record()) == (trial.SETTLED, None)
    assert device.boot() == 1 - before


def test_a_kept_home_remembers_the_image_that_was_rolled_back(reopen: Reopen) -> None:
    device = reopen("known-bad")
    device.boot()
    device.offer("again", SECOND)
    device.look()
    assert device.service.execution("again").details["reason"] == "known-bad"


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("signed", {}, "unsigned"),
        ("signed", {"envelope": release(NEXT, seq=20, signer="stranger")}, "unknown-key"),
        ("signed-confirmed", {"envelope": release(NEXT, seq=6)}, "older-release"),
        ("signed-raised", {"envelope": release(NEXT, seq=20, secver=3)}, "below-floor"),
        ("signed-rotated", {"envelope": release(NEXT, seq=20, signer="first")}, "unknown-key"),
    ],
)
def test_a_kept_home_still_refuses_what_it_refused(
    name: str, fields: dict[str, object], reason: str, reopen: Reopen
) -> None:
    device = reopen(name)
    device.boot()
    device.offer("refused", NEXT, **fields)
    assert not device.look()
    execution = device.service.execution("refused")
    assert (execution.status, execution.details["reason"]) == ("REJECTED", reason)


def test_a_confirmed_release_of_a_lower_security_version_is_taken_until_the_floor_has_risen(reopen: Reopen) -> None:
    device = reopen("signed-confirmed")
    device.boot()
    device.update("lower", NEXT, envelope=release(NEXT, seq=20, secver=3))
    assert device.service.statuses("lower")[-1] == "SUCCEEDED"
