"""What a device may do with AWS IoT: as little as the update needs. Pure.

The policy names the thing through `${iot:Connection.Thing.ThingName}`, which AWS IoT fills in only where the
certificate is attached to that thing and the client id is its name. Spelling the name out would say the
same, but a name of 128 characters, a dozen times, does not fit into a policy of 2,048.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/thing-policy-variables.html
"""

import hashlib
import json
import re

from fota_operator.errors import BadInput

MAX_POLICY_CHARACTERS = 2048
MAX_POLICY_NAME_CHARACTERS = 128
_THING = "${iot:Connection.Thing.ThingName}"
_OWN = f"$aws/things/{_THING}"
# What `aws.iot` publishes and subscribes to, and nothing else. A `*` of a policy spans slashes, so that
# `jobs/*/accepted` covers the answers to `jobs/get` and to `jobs/JOB/update` alike, and `jobs/notify*` both
# `notify` and `notify-next`; `jobs/*get` covers `jobs/get` and `jobs/JOB/get`. The shadow `fota` is told what the
# device runs, and no other named shadow may be written: AWS IoT has its own. What its shadows answer, it may hear.
_PUBLISH = (
    f"{_OWN}/jobs/*get",
    f"{_OWN}/jobs/*/update",
    f"{_OWN}/shadow/update",
    f"{_OWN}/shadow/name/fota/update",
    f"things/{_THING}/*",
)
_HEAR = (
    f"{_OWN}/jobs/notify*",
    f"{_OWN}/jobs/*/accepted",
    f"{_OWN}/jobs/*/rejected",
    f"{_OWN}/shadow/*update/*",
)
_TOPIC = re.compile(r"[^\s\x00#+*?$\"\\][^\s\x00#+*?$\"\\]{0,255}")


def policy_name(thing: str) -> str:
    """The name of a thing's policy; short and without the colons that such names do not allow."""
    name = f"fota-{thing}"
    if len(name) <= MAX_POLICY_NAME_CHARACTERS and ":" not in name:
        return name
    return f"{name.replace(':', '_')[:100]}-{hashlib.sha256(thing.encode()).hexdigest()[:16]}"


def policy_document(prefix: str, allow_publish: tuple[str, ...] = ()) -> str:
    """The policy, as JSON. `prefix` is `arn:PARTITION:iot:REGION:ACCOUNT`.

    Besides its jobs, its shadow and `things/NAME/*`, the device may publish to each topic of `allow_publish`.
    *Raises* BadInput.
    """
    for topic in allow_publish:
        if not _TOPIC.fullmatch(topic):
            raise BadInput(
                f"`allow_publish`: {topic!r} is not one plain topic",
                "name it without wildcards, spaces or a leading $",
            )
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                _allow("iot:Connect", [f"{prefix}:client/{_THING}"]),
                _allow("iot:Publish", [f"{prefix}:topic/{topic}" for topic in (*_PUBLISH, *allow_publish)]),
                _allow("iot:Subscribe", [f"{prefix}:topicfilter/{topic}" for topic in _HEAR]),
                _allow("iot:Receive", [f"{prefix}:topic/{topic}" for topic in _HEAR]),
            ],
        },
        separators=(",", ":"),
    )
    if len(document) > MAX_POLICY_CHARACTERS:
        raise BadInput(
            f"a policy with these {len(allow_publish)} topics has {len(document)} characters",
            f"AWS IoT takes at most {MAX_POLICY_CHARACTERS}: allow fewer or shorter topics",
        )
    return document


def _allow(action: str, resources: list[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resources}
