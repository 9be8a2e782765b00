"""A document that AWS takes and that no two parsers read alike: whoever made its job must hear of it."""

from typing import Any

import pytest

from tests.labs.device_lab import FACTORY, DeviceLab

HALF_A_PAIR = "\ud83d"


def nested(levels: int) -> object:
    return [] if levels == 0 else [nested(levels - 1)]


@pytest.mark.parametrize("note", [HALF_A_PAIR, nested(40)], ids=["half of a surrogate pair", "deep"])
def test_an_answer_that_cannot_be_read_makes_its_job_rejected(lab: DeviceLab, note: Any) -> None:
    fields: dict[str, Any] = {"x-note": note}
    lab.publish(b"new", **fields)
    lab.live(30)
    assert (lab.status(), lab.reason()) == ("REJECTED", "bad-document")
    assert (lab.running_image, lab.erases) == (FACTORY, 0)


def test_it_does_not_hold_up_the_next_job(lab: DeviceLab) -> None:
    lab.publish(b"odd", "odd", **{"x-note": HALF_A_PAIR})
    lab.publish(b"new", "next")
    lab.live(60)
    assert (lab.status("odd"), lab.status("next")) == ("REJECTED", "SUCCEEDED")


def test_a_number_out_of_all_bounds_beside_the_job_spoils_nothing(lab: DeviceLab) -> None:
    fields: dict[str, Any] = {"x-note": 10**400}
    lab.publish(b"new", **fields)
    lab.live(30)
    assert lab.status() == "SUCCEEDED"
