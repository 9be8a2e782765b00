"""The named shadow `fota` of one thing, in memory: what the device says that it runs. It knows no MQTT.

A message that AWS answers with an error is a Refusal with its code; one that AWS tolerates, but no careful program
sends, is Misuse.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-document.html
"""

from __future__ import annotations

import json

from fota_testing.jobs.requests import Refusal, Request
from fota_testing.misuse import Misuse

SHADOW = "shadow"
"""The kind of such a request."""
SHADOW_NAME = "fota"
MAX_BYTES = 8_192
MAX_LEVELS = 8
_MEMBERS = {"state", "clientToken", "version"}


def state_request(topic: str, payload: bytes) -> Request:
    """The request in a message. *Raises* Misuse."""
    try:
        body = json.loads(payload)
    except ValueError:
        raise Misuse(f"{topic}: the payload is not JSON: {payload!r}") from None
    if not isinstance(body, dict) or not isinstance(body.get("clientToken"), str):
        raise Misuse(f"{topic}: expected an object with a clientToken, got {payload!r}")
    unknown = sorted(set(body) - _MEMBERS)
    if unknown:
        raise Misuse(f"{topic}: {', '.join(unknown)}: no member of such a request")
    return Request(SHADOW, topic, "", body)


class FakeShadow:
    """What was reported, as AWS merges it."""

    def __init__(self) -> None:
        self.reported: dict[str, object] = {}
        self.version: int = 0
        self.heard: list[dict[str, object]] = []
        """What each message reported."""

    def update(self, request: Request) -> dict[str, object]:
        """Merge a message; the body of its answer. *Raises* Refusal, Misuse."""
        state = request.body.get("state")
        if not isinstance(state, dict):
            raise Refusal("400", "Missing required node: state")
        if set(state) != {"reported"} or not isinstance(state["reported"], dict):
            raise Misuse(f"state: a device reports, and wants nothing: {state!r}")
        reported = state["reported"]
        if _levels(state) > MAX_LEVELS:
            raise Refusal("400", "JSON contains too many levels of nesting; maximum is 8")
        merged = _merged(self.reported, reported)
        if len(json.dumps(merged, separators=(",", ":"))) > MAX_BYTES:
            raise Refusal("413", "The payload exceeds the maximum size allowed")
        self.reported = merged
        self.heard.append(reported)
        self.version += 1
        return {"state": state, "metadata": {}, "version": self.version}


def _merged(old: dict[str, object], new: dict[str, object]) -> dict[str, object]:
    """Objects are merged, null removes, everything else replaces."""
    merged = dict(old)
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            before = merged.get(name)
            merged[name] = _merged(before if isinstance(before, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def _levels(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_levels, value.values()), default=0)
    return 0
