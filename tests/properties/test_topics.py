"""Topics of a thing: the filters for answers match every answer to this thing's requests and nothing else."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from aws.iot import topics
from aws.iot.mqtt.filters import matches

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
THINGS = st.text(LETTERS + ":_-", min_size=1, max_size=128)
JOBS = st.text(LETTERS + "_-", min_size=1, max_size=64) | st.just("$next")

LEVELS = st.text("ab$ ", max_size=3)
TOPICS = st.lists(LEVELS, min_size=1, max_size=4).map("/".join)


@st.composite
def filters(draw: st.DrawFn) -> str:
    """A filter that MQTT allows, often one that matches."""
    levels = draw(st.lists(LEVELS | st.just("+"), min_size=1, max_size=4))
    return "/".join([*levels, "#"] if draw(st.booleans()) else levels)


def requests_of(thing: str, job: str) -> list[str]:
    """Every topic on which a thing asks for an answer."""
    return [topics.jobs_get(thing), topics.job_get(thing, job), topics.job_update(thing, job)]


def is_heard(thing: str, topic: str) -> bool:
    """Whether the filters of a thing let a message through."""
    return any(matches(wanted, topic) for wanted in topics.jobs_replies(thing))


@given(THINGS, JOBS)
def test_every_answer_is_heard_and_no_request(thing: str, job: str) -> None:
    for request in requests_of(thing, job):
        assert is_heard(thing, topics.accepted(request))
        assert is_heard(thing, topics.rejected(request))
        assert not is_heard(thing, request)


@given(THINGS, THINGS, JOBS)
def test_answers_to_another_thing_are_not_heard(thing: str, other: str, job: str) -> None:
    for request in requests_of(other, job):
        assert is_heard(thing, topics.accepted(request)) == (thing == other)


@given(THINGS, JOBS)
def test_no_two_topics_of_a_thing_are_the_same(thing: str, job: str) -> None:
    others = [topics.shadow_update(thing), topics.shadow_delta(thing), topics.jobs_notify_next(thing)]
    every = [*requests_of(thing, job), *others]
    assert len({*every, *map(topics.accepted, every), *map(topics.rejected, every)}) == 3 * len(every)
    assert not any(is_heard(thing, topic) for topic in others)


def as_pattern(topic_filter: str) -> str:
    """The filter as a regular expression, by section 4.7 of MQTT 3.1.1."""
    pattern = re.escape(topic_filter).replace(r"\+", "[^/]*")
    return pattern[:-3] + "(/.*)?" if pattern.endswith(r"/\#") else pattern.replace(r"\#", ".*")


@given(filters(), TOPICS)
def test_a_filter_matches_what_mqtt_says(topic_filter: str, topic: str) -> None:
    is_reserved = topic.startswith("$") and topic_filter[:1] in ("+", "#")
    expected = not is_reserved and re.fullmatch(as_pattern(topic_filter), topic) is not None
    assert matches(topic_filter, topic) == expected
