import fnmatch
import json
import re

import pytest

from fota_operator.account.device_policy import policy_document, policy_name
from fota_operator.errors import BadInput

LONGEST_PREFIX = "arn:aws-us-gov:iot:ap-southeast-2:123456789012"


def allows(document: str, action: str, resource: str, thing: str = "pump") -> bool:
    """As AWS IoT evaluates it: `*` and `?` match across slashes, the thing's name stands for the variable."""
    return any(
        fnmatch.fnmatchcase(resource, pattern.replace("${iot:Connection.Thing.ThingName}", thing))
        for statement in json.loads(document)["Statement"]
        if statement["Action"] == action
        for pattern in statement["Resource"]
    )


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("iot:Connect", "client/pump", True),
        ("iot:Connect", "client/other", False),
        ("iot:Publish", "topic/$aws/things/pump/jobs/get", True),
        ("iot:Publish", "topic/$aws/things/pump/jobs/$next/get", True),
        ("iot:Publish", "topic/$aws/things/pump/jobs/j-1/update", True),
        ("iot:Publish", "topic/$aws/things/pump/shadow/update", True),
        ("iot:Publish", "topic/$aws/things/pump/shadow/name/fota/update", True),
        ("iot:Publish", "topic/$aws/things/pump/shadow/name/other/update", False),
        ("iot:Publish", "topic/$aws/things/other/shadow/name/fota/update", False),
        ("iot:Subscribe", "topicfilter/$aws/things/pump/shadow/name/fota/update/accepted", True),
        ("iot:Subscribe", "topicfilter/$aws/things/pump/shadow/name/fota/update/rejected", True),
        ("iot:Receive", "topic/$aws/things/pump/shadow/name/fota/update/rejected", True),
        ("iot:Receive", "topic/$aws/things/pump/shadow/name/fota/get/accepted", False),
        ("iot:Publish", "topic/things/pump/sample", True),
        ("iot:Publish", "topic/things/other/sample", False),
        ("iot:Publish", "topic/$aws/things/other/jobs/j-1/update", False),
        ("iot:Publish", "topic/$aws/things/pump/jobs/notify-next", False),
        ("iot:Publish", "topic/$aws/things/pump/jobs/j-1/update/accepted", False),
        ("iot:Subscribe", "topicfilter/$aws/things/pump/jobs/notify-next", True),
        ("iot:Subscribe", "topicfilter/$aws/things/pump/jobs/notify", True),
        ("iot:Receive", "topic/$aws/things/pump/jobs/notify", True),
        ("iot:Subscribe", "topicfilter/$aws/things/pump/jobs/get/accepted", True),
        ("iot:Subscribe", "topicfilter/$aws/things/pump/jobs/+/update/rejected", True),
        ("iot:Subscribe", "topicfilter/$aws/things/pump/shadow/update/delta", True),
        ("iot:Subscribe", "topicfilter/$aws/things/+/jobs/notify-next", False),
        ("iot:Subscribe", "topicfilter/#", False),
        ("iot:Receive", "topic/$aws/things/pump/jobs/j-1/update/accepted", True),
        ("iot:Receive", "topic/$aws/things/other/jobs/j-1/update/accepted", False),
    ],
)
def test_a_device_may_do_what_an_update_needs_and_no_more(action: str, resource: str, allowed: bool) -> None:
    prefix = "arn:aws:iot:eu-west-1:123456789012"
    assert allows(policy_document(prefix), action, f"{prefix}:{resource}") is allowed


def test_an_allowed_topic_may_be_published_to() -> None:
    document = policy_document("arn:aws:iot:r:1", ("plant/7/alarm",))
    assert allows(document, "iot:Publish", "arn:aws:iot:r:1:topic/plant/7/alarm")


@pytest.mark.parametrize(
    "topic", ["", "a/#", "a/+/b", "a*", "a?", "$aws/things/x/jobs/get", "a b", "a${iot:ClientId}"]
)
def test_an_allowed_topic_is_one_plain_topic(topic: str) -> None:
    with pytest.raises(BadInput, match="allow_publish"):
        policy_document("arn:aws:iot:r:1", (topic,))


def test_the_policy_fits_in_every_region() -> None:
    assert len(policy_document(LONGEST_PREFIX)) <= 2048


def test_a_policy_with_too_many_topics_is_refused() -> None:
    with pytest.raises(BadInput, match="2048"):
        policy_document(LONGEST_PREFIX, tuple(f"plant/{number}/alarm" for number in range(20)))


@pytest.mark.parametrize("thing", ["pump", "a:b", "x" * 128])
def test_a_policys_name_is_one_that_aws_takes(thing: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", policy_name(thing))


def test_things_with_like_names_have_policies_of_their_own() -> None:
    assert len({policy_name(thing) for thing in ("a:b", "a_b", "a-b", "x" * 127, "x" * 128)}) == 5


def test_the_policy_of_the_longest_name_leaves_room_for_a_topic() -> None:
    """The name stands nowhere in it: AWS IoT fills it in."""
    document = policy_document(LONGEST_PREFIX, ("plant/7/alarm",))
    assert len(document) <= 2048
    assert allows(
        document, "iot:Publish", f"{LONGEST_PREFIX}:topic/$aws/things/{'x' * 128}/shadow/name/fota/update", "x" * 128
    )
