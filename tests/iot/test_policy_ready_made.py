"""The ready-made policies in whole updates: over several days, within their hours, and when a person says yes."""

import json
from pathlib import Path

import pytest

from fota.policy import Offer
from fota.policy.ask_person_cpython import AskPerson
from fota.policy.combine import all_of
from fota.policy.max_bytes import MaxBytes
from fota.policy.max_rate import MaxRate
from fota.policy.window import Window
from tests.labs.device_lab import DeviceLab
from tests.labs.policy_lab import told

IMAGE = bytes(range(250)) * 160
DAY_S = 86_400


@pytest.fixture
def lab() -> DeviceLab:
    """A device whose slots hold the image."""
    return DeviceLab(capacity_bytes=len(IMAGE))


def test_an_image_larger_than_the_budget_comes_over_several_days_and_no_day_is_over_its_budget(
    lab: DeviceLab,
) -> None:
    spent: list[int] = []
    budget = MaxBytes(per_day=16_384)

    def policy(offer: Offer) -> object:
        spent.append(offer.day_bytes)
        return budget(offer)

    lab.publish(IMAGE)
    lab.live(DAY_S // 2, policy=policy)
    assert lab.slots.content(1) == IMAGE[:16_384]
    assert [details["reason"] for details in told(lab)][:2] == ["paused", "day-budget"]
    lab.live(DAY_S, policy=policy)
    assert lab.slots.content(1) == IMAGE[: 2 * 16_384]
    lab.live(DAY_S, policy=policy)
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", IMAGE, 3)
    assert max(spent) == 16_384


def minute_of_the_day(lab: DeviceLab) -> int:
    """That of the service, once it told its time."""
    times: list[int] = []

    def note(offer: Offer) -> bool:
        times.append(offer.time_s or 0)
        return False

    lab.wake(policy=note)
    return times[-1] // 60 % 1440


def test_a_download_that_its_window_is_too_short_for_ends_in_the_next_one(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    now = minute_of_the_day(lab)
    start, end = (f"{minute // 60 % 24:02}:{minute % 60:02}" for minute in (now + 10, now + 15))
    policy = all_of(Window(start, end, offset_minutes=0), MaxRate(100))
    lab.live(9 * 60, policy=policy)
    assert lab.server.asked == []
    lab.live(20 * 60, policy=policy)
    first = len(lab.slots.content(1))
    # Five minutes at 100 bytes in a second.
    assert 28_000 <= first <= 32_000
    lab.live(DAY_S // 2, policy=policy)
    assert (len(lab.slots.content(1)), told(lab)[-1]["reason"]) == (first, "outside-window")
    lab.live(DAY_S // 2, policy=policy)
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", IMAGE, 2)


def test_a_person_is_asked_twice_and_nothing_is_left_of_the_question_afterwards(
    lab: DeviceLab, tmp_path: Path
) -> None:
    ask = AskPerson(str(tmp_path))
    lab.publish(IMAGE)
    for moment in ("download", "restart"):
        lab.live(60, policy=ask, progress=ask.progress)
        question = json.loads((tmp_path / "offer.json").read_text())
        assert (question["moment"], lab.boots) == (moment, 0)
        (tmp_path / "answer").write_text(f"yes {question['offer']}\n")
    lab.live(60, policy=ask, progress=ask.progress)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)
    assert list(tmp_path.iterdir()) == []


def test_a_person_who_says_no_declines_the_job(lab: DeviceLab, tmp_path: Path) -> None:
    ask = AskPerson(str(tmp_path))
    lab.publish(IMAGE)
    lab.live(60, policy=ask, progress=ask.progress)
    question = json.loads((tmp_path / "offer.json").read_text())
    (tmp_path / "answer").write_text(f"no {question['offer']}\n")
    lab.live(60, policy=ask, progress=ask.progress)
    assert (lab.status(), lab.details()) == (
        "REJECTED",
        {"reason": "declined", "message": "declined by a person"},
    )
    assert (list(tmp_path.iterdir()), lab.server.asked) == ([], [])
