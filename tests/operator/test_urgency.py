"""Urgency: how long a device may put a release off is signed; a plan and a command can only agree with it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota.trust.manifest import MAX_WITHIN_S
from fota_operator.cli.wording import worded
from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.jobs.limits import MAX_TIMEOUT_MINUTES
from fota_operator.jobs.timeouts import may_end_deferred, require_beyond, timeout_beyond
from fota_operator.rollouts.plan import limits
from fota_operator.rollouts.plan.model import Plan, Targets
from fota_operator.rollouts.plan.text import decode, difference, encode
from fota_operator.rollouts.plan_file import read_plan
from fota_operator.time_span import EXPECTED, MAX_SPAN_S, parse_span, span_in_words
from fota_operator.trust.urgency import URGENCIES, require_agreed
from tests.labs.fota_command import FotaCommand
from tests.labs.signatures import Signatures

DAY_S = 86_400
UNITS_S = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": DAY_S, "weeks": 7 * DAY_S}
PLAN = Plan("a", "a" * 64, Targets(("t",)))


# A length of time.


@given(st.integers(1, MAX_WITHIN_S))
def test_a_time_in_words_is_read_as_the_same_time(seconds: int) -> None:
    assert parse_span(span_in_words(seconds)) == seconds


@given(st.integers(1, 40_000_000), st.sampled_from(sorted(UNITS_S)))
def test_a_time_is_a_number_of_units_up_to_366_days(count: int, unit: str) -> None:
    seconds = count * UNITS_S[unit]
    if seconds <= MAX_WITHIN_S:
        assert parse_span(f"{count} {unit}") == seconds
    else:
        with pytest.raises(ValueError, match="at most 366 days"):
            parse_span(f"{count} {unit}")


@given(st.text(max_size=12))
def test_any_other_text_is_no_time_and_is_refused_in_the_same_words(text: str) -> None:
    try:
        seconds = parse_span(text)
    except ValueError as error:
        said = str(error)
    else:
        said = ""
        assert 1 <= seconds <= MAX_WITHIN_S
    assert said in ("", EXPECTED)


@pytest.mark.parametrize(
    ("text", "seconds"), [("1 minute", 60), ("12 hours", 43_200), ("3 days", 3 * DAY_S), ("1week", 7 * DAY_S)]
)
def test_a_time_is_written_as_people_do(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "3", "days", "0 days", "-1 days", "1.5 days", "3 months", "3 Days", "3  days", "٣ days", "367 days"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="minutes, hours, days or weeks"):
        parse_span(text)


def test_a_time_is_said_in_the_largest_unit_that_fits() -> None:
    assert [span_in_words(one) for one in (1, 90, 60, 5_400, DAY_S, 7 * DAY_S, 366 * DAY_S)] == [
        "1 second", "90 seconds", "1 minute", "90 minutes", "1 day", "1 week", "366 days",
    ]  # fmt: skip


def test_a_plan_knows_the_words_and_the_bounds_of_a_manifest() -> None:
    assert (limits.URGENCIES, MAX_SPAN_S) == (URGENCIES, MAX_WITHIN_S)


# What is signed.


def test_urgency_and_time_are_signed_only_if_they_are_said(signatures: Signatures, image: Image) -> None:
    said = json.loads(signatures.release(image, "a", within_s=DAY_S, urgency="when-convenient").envelope.payload)
    assert (said["urgency"], said["within"]) == ("when-convenient", DAY_S)
    silent = json.loads(signatures.release(image, "a").envelope.payload)
    assert not {"urgency", "within"} & set(silent)


@pytest.mark.parametrize(
    ("claim", "names"),
    [
        ({"urgency": "soon"}, "--urgency: expected now or when-convenient, got soon"),
        ({"within_s": 0}, "--within: expected a time"),
        ({"within_s": MAX_WITHIN_S + 1}, "--within: expected a time"),
        ({"urgency": "now", "within_s": DAY_S}, "--within: expected none beside the urgency now, got 1 day"),
    ],
)
def test_what_no_device_would_read_is_not_signed(
    signatures: Signatures, image: Image, claim: dict[str, object], names: str
) -> None:
    with pytest.raises(BadInput) as caught:
        signatures.release(image, "a", **claim)
    assert names in worded(str(caught.value))


def test_create_takes_both_as_options_and_show_says_them_in_words(
    elsewhere: FotaCommand, signatures: Signatures, image_file: Path, tmp_path: Path
) -> None:
    signatures.signers("a")
    create = ["release", "create", image_file, "--product", "pump", "--hardware", "rev-a", "--sign", "a"]
    create += ["--keys", signatures.keys.path, "-o", tmp_path / "x"]

    def shown(*options: object) -> tuple[str, str]:
        assert elsewhere(*create, *options).exit_code == 0
        lines = elsewhere("release", "show", tmp_path / "x").stdout.splitlines()
        said = dict(line.split(maxsplit=1) for line in lines)
        return said["urgency"], said["within"]

    assert shown() == ("when-convenient", "without end")
    assert shown("--within", "3 days") == ("when-convenient", "3 days")
    assert shown("--urgency", "now") == ("now", "not at all")
    in_json = json.loads(elsewhere("release", "show", tmp_path / "x", "--json").stdout)
    assert (in_json["urgency"], in_json["within_s"]) == ("now", 0)
    bad = elsewhere(*create, "--within", "3 months")
    assert (bad.exit_code, "--within: expected a time" in bad.stderr, "got '3 months'" in bad.stderr) == (
        2,
        True,
        True,
    )


# A plan and a command agree with it.


def test_who_agrees_or_asks_for_nothing_is_let_through(signatures: Signatures, image: Image) -> None:
    soon = signatures.release(image, "a", urgency="now").manifest
    later = signatures.release(image, "a", within_s=DAY_S).manifest
    require_agreed(soon, "now", None, asked_by="the plan")
    require_agreed(later, "when-convenient", DAY_S, asked_by="the plan")
    for manifest in (soon, later, None):
        require_agreed(manifest, None, None, asked_by="the plan")


@pytest.mark.parametrize(
    ("signed", "asked", "words"),
    [
        ({"within_s": DAY_S}, (None, 3 * DAY_S), "signed with within = 1 day, and the plan asks for 3 days"),
        ({}, (None, DAY_S), "signed without within, and the plan asks for 1 day"),
        ({"urgency": "now"}, (None, DAY_S), "signed with urgency = now, and the plan asks for 1 day"),
        ({}, ("now", None), "signed with urgency = when-convenient, and the plan asks for now"),
        (
            {"urgency": "now"},
            ("when-convenient", None),
            "signed with urgency = now, and the plan asks for when-conve",
        ),
    ],
)
def test_who_asks_for_something_else_is_told_what_was_signed(
    signatures: Signatures,
    image: Image,
    signed: dict[str, object],
    asked: tuple[str | None, int | None],
    words: str,
) -> None:
    manifest = signatures.release(image, "a", release="pump-2", **signed).manifest
    with pytest.raises(BadInput, match=f"^release pump-2 was {words}.*; sign it again, or change the plan$"):
        require_agreed(manifest, *asked, asked_by="the plan")


@pytest.mark.parametrize(("asked", "name"), [(("now", None), "urgency"), ((None, DAY_S), "within")])
def test_an_image_that_is_not_signed_has_neither(asked: tuple[str | None, int | None], name: str) -> None:
    with pytest.raises(BadInput, match=f"^{name}: expected a release, got an image that is not signed"):
        require_agreed(None, *asked, asked_by="the command")


# The time of a job.


@given(st.integers(1, MAX_WITHIN_S))
def test_the_time_of_a_job_is_an_hour_longer_than_that_of_its_release_or_without_end(within_s: int) -> None:
    minutes = timeout_beyond(within_s)
    require_beyond(minutes, within_s, "timeout-minutes")
    if minutes is None:
        assert within_s > (MAX_TIMEOUT_MINUTES - 61) * 60
    else:
        assert 3_600 <= minutes * 60 - within_s < 3_660
        assert minutes <= MAX_TIMEOUT_MINUTES


@pytest.mark.parametrize("within_s", [None, 0, 3_600])
def test_an_hour_is_enough_for_a_release_that_is_put_off_no_longer(within_s: int | None) -> None:
    require_beyond(60, within_s, "timeout-minutes")


def test_a_shorter_time_is_refused_with_the_one_that_is_enough() -> None:
    with pytest.raises(BadInput, match=r"^timeout-minutes: expected 61 or more, got 60: .* 3601 seconds.*allow 121"):
        require_beyond(60, 3_601, "timeout-minutes")
    with pytest.raises(BadInput, match=r"; allow no limit$"):
        require_beyond(MAX_TIMEOUT_MINUTES, 8 * DAY_S, "timeout-minutes")


def test_a_time_without_a_signed_end_may_end_a_deferral() -> None:
    assert may_end_deferred(60, None)
    assert not any((may_end_deferred(None, None), may_end_deferred(60, 0), may_end_deferred(60, 60)))


@pytest.mark.parametrize(
    ("says", "within_s", "minutes"),
    [("", None, 60), ("", 0, 60), ("", 3 * DAY_S, 4_380), ("", 8 * DAY_S, None), ("timeout-minutes = 90", DAY_S, 90)],
)
def test_a_plan_without_a_time_of_its_own_has_that_of_the_release(
    tmp_path: Path, says: str, within_s: int | None, minutes: int | None
) -> None:
    (tmp_path / "plan.toml").write_text(f'release = "r"\n{says}\n[targets]\nthings = ["pump-1"]\n')
    file = read_plan(tmp_path / "plan.toml")
    assert file.plan("a" * 64, product="pump", version="1", within_s=within_s).timeout_minutes == minutes


# In a plan.


def test_a_plan_says_a_time_as_people_do_and_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        'release = "r"\nurgency = "when-convenient"\nwithin = "24 hours"\n[targets]\nthings = ["pump-1"]\n'
    )
    plan = read_plan(tmp_path / "plan.toml").plan("a" * 64, product="pump", version="1")
    assert (plan.urgency, plan.within_s) == ("when-convenient", DAY_S)
    assert decode(encode(plan)) == plan
    assert json.loads(encode(plan))["within"] == "1 day"


def test_the_bytes_of_a_plan_that_says_neither_are_those_of_before() -> None:
    assert not {"urgency", "within"} & set(json.loads(encode(PLAN)))


def test_a_plan_that_says_a_time_is_another_plan() -> None:
    assert difference(PLAN, replace(PLAN, within_s=DAY_S)) == 'within: nothing there, "1 day" here'


@pytest.mark.parametrize(
    ("says", "names"),
    [
        ("within = 3", "within: expected a time"),
        ('within = "3 months"', "within: expected a time"),
        ('urgency = "soon"', "urgency: expected one of now, when-convenient"),
        ('urgency = "now"\nwithin = "1 day"', 'within: expected none beside urgency = "now", got "1 day"'),
    ],
)
def test_a_plan_with_no_such_time_is_refused(tmp_path: Path, says: str, names: str) -> None:
    (tmp_path / "plan.toml").write_text(f'release = "r"\n{says}\n[targets]\nthings = ["pump-1"]\n')
    with pytest.raises(BadInput, match=names):
        read_plan(tmp_path / "plan.toml")
