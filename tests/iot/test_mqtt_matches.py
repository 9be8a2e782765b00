"""Which topics a filter lets through, as the standard says it in section 4.7, and as paho does."""

import pytest
from paho.mqtt.client import topic_matches_sub

from aws.iot.mqtt.filters import matches


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        # The standard's own examples, in its order: 4.7.1.2, 4.7.1.3 and 4.7.2.
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/monitor/Clients", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor/Clients", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        # 4.7.3: case and a separator at either end make another topic.
        ("ACCOUNTS", "Accounts", False),
        ("finance", "/finance", False),
        ("finance", "finance/", False),
        # A "$" that is not the first character is an ordinary one.
        ("+/$a", "b/$a", True),
        ("#", "b/$a", True),
    ],
)
def test_the_examples_of_the_standard(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


@pytest.mark.parametrize("topic", ["a", "a/b", "a/b/c", "/", "/a", "a/", "$aws", "$aws/a", "b"])
@pytest.mark.parametrize(
    "topic_filter",
    ["a", "a/b", "a/#", "#", "+", "+/b", "+/+", "a/+", "a/+/c", "/+", "/", "$aws/#", "$aws/+", "+/a", "+/#", "b"],
)
def test_the_filters_let_through_what_those_of_paho_do(topic_filter: str, topic: str) -> None:
    assert matches(topic_filter, topic) == topic_matches_sub(topic_filter, topic)
