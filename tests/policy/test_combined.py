"""Several policies as one: whose answer counts, which bounds hold, and what one that fails does to the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota.policy import Later, No, Now, Offer
from fota.policy.combine import all_of, any_of

BOUNDS = st.one_of(st.none(), st.integers(1, 9))
YES = st.builds(Now, BOUNDS, BOUNDS, BOUNDS)
LATER = st.builds(Later, st.sampled_from(("a", "b")), st.integers(1, 5))
NEVER = st.builds(No, st.sampled_from(("c", "d")))
ANSWERS = st.lists(st.one_of(YES, LATER, NEVER), min_size=1, max_size=5)


def saying(*answers):
    """A policy for each answer."""
    return [lambda _offer, answer=answer: answer for answer in answers]


def broken(_offer):
    raise OSError("no sensor")


def of_kind(answers, kind):
    return [answer for answer in answers if isinstance(answer, kind)]


@given(ANSWERS)
def test_all_of_says_no_if_one_does_or_else_later_if_one_does_or_else_now_with_the_smallest_bounds(answers):
    said = all_of(*saying(*answers))(Offer())
    never, later = of_kind(answers, No), of_kind(answers, Later)
    if never:
        assert said is never[0]
    elif later:
        assert said is max(later, key=lambda one: one.again_s)
    else:
        assert isinstance(said, Now)
        for bound in ("max_bytes_per_s", "max_bytes", "for_s"):
            given_bounds = [getattr(one, bound) for one in answers if getattr(one, bound) is not None]
            assert getattr(said, bound) == min(given_bounds, default=None)


@given(ANSWERS)
def test_any_of_says_the_first_now_or_else_the_soonest_later_or_else_no(answers):
    said = any_of(*saying(*answers))(Offer())
    yes, later = of_kind(answers, Now), of_kind(answers, Later)
    if yes:
        assert said is yes[0]
    elif later:
        assert said is min(later, key=lambda one: one.again_s)
    else:
        assert said is answers[0]


def test_each_policy_is_given_the_offer():
    asked, offer = [], Offer()

    def ask(one, *, answer):
        asked.append(one)
        return answer

    all_of(lambda one: ask(one, answer=True), lambda one: ask(one, answer=True))(offer)
    any_of(lambda one: ask(one, answer=False), lambda one: ask(one, answer=False))(offer)
    assert asked == [offer] * 4


def test_true_and_false_count_as_now_and_later():
    assert isinstance(all_of(*saying(True, True))(Offer()), Now)
    said = all_of(*saying(True, False))(Offer())
    assert isinstance(said, Later)
    assert (said.reason, said.again_s) == ("not now", 300)
    assert isinstance(any_of(*saying(False, True))(Offer()), Now)


@pytest.mark.parametrize("combined", [all_of, any_of])
@pytest.mark.parametrize("fault", saying(None, "yes", 1, Now))
def test_what_is_no_answer_puts_the_update_off(combined, fault):
    with pytest.raises(ValueError, match=r"^expected Now, Later or No, got "):
        combined(fault, *saying(Later("night")))(Offer())


def test_what_a_policy_raises_puts_the_update_off_unless_another_decides():
    never, yes, later = No("forbidden"), Now(for_s=5), Later("night", again_s=9)
    for policies in (saying(never), saying(later, never)):
        assert all_of(broken, *policies)(Offer()) is never
    for policies in (saying(yes), saying(later, yes), saying(never, yes)):
        assert any_of(broken, *policies)(Offer()) is yes
    for undecided in (all_of(broken, *saying(yes, later)), any_of(broken, *saying(never, later))):
        with pytest.raises(OSError, match="no sensor"):
            undecided(Offer())


def test_they_can_be_nested():
    later = Later("night", again_s=9)
    policy = any_of(all_of(*saying(Now(for_s=60), later)), all_of(*saying(Later("metered"), True)))
    assert policy(Offer()) is later


@pytest.mark.parametrize("combined", [all_of, any_of])
@pytest.mark.parametrize("policies", [(), (None,), (lambda _: True, "policy"), (Now(),)])
def test_what_is_no_policy_is_refused_by_name(combined, policies):
    with pytest.raises(ValueError, match=r"^policies: expected "):
        combined(*policies)
