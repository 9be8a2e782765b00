"""An ESP32 that is offered one job, cut at every operation of its flash, those of the boot loader included."""

import random

import pytest

from fota_testing.flash.model import TORN_SHAPES
from tests.labs.esp32_life import Life

BEHAVIOURS = ("good", "unwell", "dies-early", "dies-late", "marks")
"""Of the new image: dies before our code or after it, or marks itself valid and dies then."""


@pytest.mark.parametrize(
    ("behaviour", "status", "details", "story"),
    [
        ("good", "SUCCEEDED", "", "old new"),
        ("unwell", "FAILED", "health-check", "old new old"),
        ("dies-early", "FAILED", "not-confirmed", "old new old new old"),
        ("dies-late", "FAILED", "not-confirmed", "old new old"),
        ("marks", "FAILED", "not-confirmed", "old new new new old"),
    ],
)
@pytest.mark.parametrize("old_slot", [0, 1])
def test_without_a_cut_a_job_ends_as_the_new_image_behaves(behaviour, status, details, story, old_slot):
    life = Life(behaviour, old_slot=old_slot)
    life.run()
    assert (life.status, life.details, life.story[:-1]) == (status, details, story.split())


def test_an_image_that_is_no_firmware_is_never_started():
    life = Life(new=b"\xe9 no firmware" * 100)
    life.run()
    assert (life.status, life.details, set(life.story)) == ("FAILED", "wrong-format", {"old"})


def every_cut(behaviour, shapes, **how):
    """One life for each operation of the flash, cut there; how many there were."""
    operation = made = 0
    while made == operation:
        operation += 1
        made += Life(behaviour, **how).run((operation, shapes[operation % len(shapes)]))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("shape", TORN_SHAPES)
def test_an_update_may_be_cut_anywhere(shape):
    made = every_cut("good", [shape])
    print(f"{made} cuts")
    assert made >= 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "old_slot", "guards"),
    [
        ("unwell", 1, True),
        ("dies-early", 0, True),
        ("dies-late", 1, True),
        ("marks", 0, True),
        ("dies-late", 0, False),
    ],
)
def test_a_rollback_may_be_cut_anywhere(behaviour, old_slot, guards):
    made = every_cut(behaviour, TORN_SHAPES, old_slot=old_slot, guards=guards)
    print(f"{made} cuts")
    assert made >= 50


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_what_follows_a_cut_may_be_cut_again_and_again(behaviour):
    chance, made = random.Random(behaviour), 0
    for _ in range(15):
        cuts = [(chance.randrange(1, most), chance.choice(TORN_SHAPES)) for most in (60, 25, 12)]
        try:
            made += Life(behaviour, old_slot=chance.randrange(2)).run(*cuts)
        except AssertionError as error:
            raise AssertionError(f"{cuts}: {error}") from error
    print(f"{made} cuts")
    assert made > 15
