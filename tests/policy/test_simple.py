"""The ready-made policies that ask a number or a function: budgets, rates, metered links, batteries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota.policy import DOWNLOAD, RESTART, Later, Now, Offer
from fota.policy.max_bytes import MIN_BUDGET_BYTES, MaxBytes
from fota.policy.max_rate import MaxRate
from fota.policy.metered import NotMetered
from fota.policy.when import When


def offered(**facts):
    offer = Offer()
    offer.left_bytes = 1_000_000
    for name, value in facts.items():
        assert hasattr(offer, name)
        setattr(offer, name, value)
    return offer


def bounds(answer):
    assert isinstance(answer, Now), vars(answer)
    return {name: value for name, value in vars(answer).items() if value is not None}


def later(answer):
    assert isinstance(answer, Later)
    return answer.reason, answer.again_s


@pytest.mark.parametrize(
    ("day_bytes", "month_bytes", "expected"),
    [(0, 0, 300_000), (100_000, 100_000, 200_000), (100_000, 850_000, 150_000), (283_616, 0, 16_384)],
)
def test_what_is_left_of_the_tighter_budget_bounds_the_download(day_bytes, month_bytes, expected):
    policy = MaxBytes(per_day=300_000, per_month=1_000_000)
    assert bounds(policy(offered(day_bytes=day_bytes, month_bytes=month_bytes))) == {"max_bytes": expected}


@pytest.mark.parametrize(
    ("day_bytes", "month_bytes", "reason"),
    [(300_000, 300_000, "day-budget"), (999_999, 0, "day-budget"), (0, 1_000_000, "month-budget")],
)
def test_a_budget_that_is_spent_is_asked_again_in_an_hour(day_bytes, month_bytes, reason):
    policy = MaxBytes(per_day=300_000, per_month=1_000_000)
    assert later(policy(offered(day_bytes=day_bytes, month_bytes=month_bytes))) == (reason, 3_600)


def test_a_rest_that_is_not_worth_a_connection_is_not_fetched_unless_it_ends_the_download():
    policy = MaxBytes(per_day=300_000)
    assert later(policy(offered(day_bytes=283_617)))[0] == "day-budget"
    assert bounds(policy(offered(day_bytes=299_900, left_bytes=100))) == {"max_bytes": 100}
    assert later(policy(offered(day_bytes=299_900, left_bytes=101)))[0] == "day-budget"


def test_a_restart_and_an_image_that_is_there_cost_nothing_of_a_budget():
    policy = MaxBytes(per_day=300_000)
    assert bounds(policy(offered(moment=RESTART, left_bytes=0, day_bytes=900_000))) == {}
    assert bounds(policy(offered(moment=DOWNLOAD, left_bytes=0, day_bytes=900_000))) == {}


@given(size=st.integers(1, 3_000_000), per_day=st.integers(MIN_BUDGET_BYTES, 400_000), spent=st.integers(0, 400_000))
def test_an_image_larger_than_the_budget_is_fetched_over_several_days_and_no_day_is_over_its_budget(
    size, per_day, spent
):
    policy, left, days = MaxBytes(per_day=per_day), size, 0
    while left:
        days += 1
        assert days <= 2 + size // (per_day - MIN_BUDGET_BYTES + 1)
        while isinstance(answer := policy(offered(left_bytes=left, day_bytes=spent)), Now):
            fetched = min(left, answer.max_bytes or 0)
            if not fetched:
                break
            left, spent = left - fetched, spent + fetched
            assert spent <= per_day
        spent = 0


def test_one_budget_is_enough():
    assert bounds(MaxBytes(per_month=50_000)(offered(day_bytes=40_000, month_bytes=20_000))) == {"max_bytes": 30_000}


def test_a_rate_bounds_both_moments_and_nothing_else():
    for moment in (DOWNLOAD, RESTART):
        assert bounds(MaxRate(65_536)(offered(moment=moment))) == {"max_bytes_per_s": 65_536}


@pytest.mark.parametrize("metered", [True, None, "no", 0])
def test_a_link_that_is_metered_or_unknown_is_not_used(metered):
    assert later(NotMetered(lambda: metered)(offered())) == ("metered", 300)


def test_a_link_that_is_not_metered_is_used_until_it_is_looked_at_again():
    assert bounds(NotMetered(lambda: False)(offered())) == {"for_s": 600}
    assert bounds(NotMetered(lambda: False, check_s=60)(offered())) == {"for_s": 60}


def test_with_nothing_left_to_fetch_nobody_asks_whether_the_link_is_metered():
    def unreachable():
        raise OSError("no such command")

    assert bounds(NotMetered(unreachable)(offered(moment=RESTART, left_bytes=0))) == {}
    with pytest.raises(OSError, match="no such command"):
        NotMetered(unreachable)(offered())


@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
def test_only_true_is_when(answer):
    assert later(When(lambda: answer, "battery-low", again_s=7)(offered())) == ("battery-low", 7)


def test_when_it_is_true_there_is_no_bound():
    for moment in (DOWNLOAD, RESTART):
        assert bounds(When(lambda: True, "battery-low")(offered(moment=moment))) == {}


@pytest.mark.parametrize(
    ("made", "arguments", "named"),
    [
        (MaxBytes, {}, "per_day, per_month: expected at least one of the two, got none"),
        (MaxBytes, {"per_day": 16_383}, "per_day: expected a whole number of bytes from 16384, got 16383"),
        (MaxBytes, {"per_day": 1e6}, "per_day: "),
        (MaxBytes, {"per_day": True}, "per_day: "),
        (MaxBytes, {"per_day": 50_000, "per_month": -1}, "per_month: "),
        (MaxRate, {"bytes_per_s": 0}, "bytes_per_s: expected a whole number from 1, got 0"),
        (MaxRate, {"bytes_per_s": "64k"}, "bytes_per_s: "),
        (NotMetered, {"is_metered": False}, "is_metered: expected a function, got False"),
        (NotMetered, {"is_metered": bool, "check_s": 0}, "check_s: expected a whole number from 1 to 86400, got 0"),
        (When, {"function": True, "reason": "battery-low"}, "function: expected a function, got True"),
        (When, {"function": bool, "reason": ""}, "reason: "),
        (When, {"function": bool, "reason": "battery-low", "again_s": 86_401}, "again_s: "),
        (When, {"function": bool, "reason": "battery-low", "again_s": "soon"}, "again_s: "),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(made, arguments, named):
    with pytest.raises(ValueError, match="^" + named):
        made(**arguments)
