"""The answers of a policy hold what they were given, within bounds, and say what is wrong with other values."""

import pytest

from fota import policy


def test_now_has_no_bound_unless_one_is_given() -> None:
    answer = policy.Now()
    assert (answer.max_bytes_per_s, answer.max_bytes, answer.for_s) == (None, None, None)


def test_now_keeps_each_bound() -> None:
    answer = policy.Now(max_bytes_per_s=1, max_bytes=2, for_s=3)
    assert (answer.max_bytes_per_s, answer.max_bytes, answer.for_s) == (1, 2, 3)


@pytest.mark.parametrize("name", ["max_bytes_per_s", "max_bytes", "for_s"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "7"])
def test_a_bound_that_is_no_whole_number_from_1_is_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected None or a whole number from 1, got {value!r}$"):
        policy.Now(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("again_s", "kept"),
    [(None, 300), (1, 1), (0, 1), (-5, 1), (59.9, 59), (86_400, 86_400), (86_401, 86_400), (float("inf"), 86_400)],
)
def test_later_is_asked_again_within_a_second_and_a_day(again_s: "float | None", kept: int) -> None:
    assert policy.Later("machine-busy", again_s).again_s == kept


@pytest.mark.parametrize("kind", [policy.Later, policy.No])
@pytest.mark.parametrize("reason", ["x", "a person said no", "r" * 64])
def test_a_reason_is_kept_as_it_is(kind: "type[policy.Later | policy.No]", reason: str) -> None:
    assert kind(reason).reason == reason


@pytest.mark.parametrize("kind", [policy.Later, policy.No])
@pytest.mark.parametrize("reason", ["", "r" * 65, "a\nb", "caf\u00e9", None, 7, b"busy"])
def test_a_reason_that_the_cloud_would_not_take_is_refused(
    kind: "type[policy.Later | policy.No]", reason: object
) -> None:
    with pytest.raises(ValueError, match="reason: expected 1 to 64 printable ASCII characters, got"):
        kind(reason)  # type: ignore[arg-type]


def test_an_offer_that_nobody_filled_in_promises_nothing() -> None:
    offer = policy.Offer()
    assert (offer.release, offer.version, offer.within_s, offer.time_s, offer.signed_by) == (None,) * 4 + ((),)
    assert (offer.urgency, offer.waited_s, offer.day_bytes, offer.month_bytes) == ("when-convenient", 0, 0, 0)
