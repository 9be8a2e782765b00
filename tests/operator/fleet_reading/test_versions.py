"""Versions in their order, and the rules that people write."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota_operator.errors import BadInput
from fota_operator.fleet.versions import VersionRule, order_of, parse_rules, verdict_of

IN_ORDER = [
    "0.9",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-rc.2",
    "1.0.0-rc.11",
    "1",
    "1.2",
    "1.10",
]


@pytest.mark.parametrize(("less", "more"), list(itertools.combinations(IN_ORDER, 2)))
def test_versions_have_the_order_of_semantic_versioning(less: str, more: str) -> None:
    assert VersionRule("<", more).verdict(less) is True
    assert VersionRule(">=", more).verdict(less) is False
    assert VersionRule(">", less).verdict(more) is True


@pytest.mark.parametrize("version", ["1.3", "1.3.0", "1.3.0.0", "v1.3", "1.3.0+build.7"])
def test_the_same_version_may_be_written_in_several_ways(version: str) -> None:
    assert VersionRule("=", "1.3.0").verdict(version) is True


@pytest.mark.parametrize("version", ["nightly", "2026w12", "", "1..2", "1.", "-1", "1.٣"])
def test_of_a_version_without_an_order_a_comparison_says_nothing(version: str) -> None:
    assert order_of(version) is None
    assert verdict_of(parse_rules("<9"), version) is None
    assert verdict_of(parse_rules("!=9"), version) is True


def test_a_version_of_any_form_can_be_asked_for_by_its_text() -> None:
    (rule,) = parse_rules("nightly")
    assert (rule.verdict("nightly"), rule.verdict("nightly-2")) == (True, False)


def test_all_rules_must_fit() -> None:
    rules = parse_rules(">=1.2, <1.3")
    assert [verdict_of(rules, one) for one in ("1.1.9", "1.2", "1.2.99", "1.3")] == [False, True, True, False]


@pytest.mark.parametrize("text", ["", "<", "<=", "1.2,", "<nightly", "= ", "1" * 65, "\x1b[31m", ",".join("1" * 9)])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="`version`: expected"):
        parse_rules(text)


@given(st.text(max_size=70), st.text(max_size=70))
def test_any_two_texts_can_be_asked_about(rule: str, version: str) -> None:
    try:
        rules = parse_rules(rule)
    except BadInput:
        return
    assert verdict_of(rules, version) in (True, False, None)
