"""This file parses a device's requests to AWS IoT Jobs over MQTT, topics and payloads, and does so strictly.

A request that AWS answers with an error is a Refusal with its code. A request that AWS tolerates, but no careful
program sends, is Misuse: an unknown member, a number as text, no client token.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass

from fota_testing.misuse import Misuse

LIST, DESCRIBE, UPDATE = "list", "describe", "update"

_MEMBERS: dict[str, dict[str, type]] = {
    LIST: {"clientToken": str},
    DESCRIBE: {"clientToken": str, "executionNumber": int, "includeJobDocument": bool},
    UPDATE: {
        "clientToken": str,
        "status": str,
        "statusDetails": dict,
        "expectedVersion": int,
        "executionNumber": int,
        "includeJobExecutionState": bool,
        "includeJobDocument": bool,
        "stepTimeoutInMinutes": int,
    },
}
_STATUSES = frozenset(
    ("QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT", "REMOVED", "CANCELED")
)
_JOB_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DETAIL_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_MAX_DETAILS = 10
_MAX_DETAIL_CHARACTERS = 1024
_MAX_TOKEN_CHARACTERS = 64


class Refusal(Exception):
    """The service rejects a request. `code` is its error code."""

    def __init__(self, code: str, message: str, state: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.state = state
        """The state of the execution, where AWS shows it."""


@dataclass(frozen=True)
class Request:
    """One request of the device: its kind, its job and its members."""

    kind: str
    topic: str
    job_id: str
    body: dict[str, object]

    @property
    def token(self) -> str:
        """The client token, which the answer must carry."""
        return str(self.body["clientToken"])

    def number(self, name: str) -> int | None:
        """A member that is a number; None if it is not there."""
        value = self.body.get(name)
        return value if isinstance(value, int) else None

    def details(self) -> dict[str, str] | None:
        """The status details; None if they are to stay as they are."""
        details = self.body.get("statusDetails")
        return {str(name): str(text) for name, text in details.items()} if isinstance(details, dict) else None


def is_for_jobs(topic: str) -> bool:
    """Whether a topic is one of those that AWS IoT Jobs listens to."""
    return topic.startswith("$aws/things/") and "/jobs/" in topic


def read(thing_name: str, topic: str, payload: bytes) -> Request:
    """The request in a message. *Raises* Misuse when no careful program would send it."""
    kind, job_id = _parse_topic(thing_name, topic)
    try:
        body = json.loads(payload)
    except ValueError:
        raise Misuse(f"{topic}: the payload is not JSON: {payload!r}") from None
    if not isinstance(body, dict):
        raise Misuse(f"{topic}: the payload is not an object: {payload!r}")
    unknown = sorted(set(body) - set(_MEMBERS[kind]))
    if unknown:
        raise Misuse(f"{topic}: {', '.join(unknown)}: no member of such a request")
    token = body.get("clientToken")
    if not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN_CHARACTERS:
        raise Misuse(f"{topic}: clientToken: its answer could not be told from others, got {token!r}")
    for name, kind_of_value in _MEMBERS[kind].items():
        if name in body and type(body[name]) is not kind_of_value:
            raise Misuse(f"{topic}: {name}: expected {kind_of_value.__name__}, got {body[name]!r}")
    return Request(kind, topic, job_id, body)


def check_update(request: Request) -> str:
    """The status asked for. *Raises* Refusal for contents that AWS rejects."""
    status = request.body.get("status")
    if status not in _STATUSES:
        raise Refusal("InvalidRequest", f"status: not a status: {status!r}")
    details = request.body.get("statusDetails")
    if isinstance(details, dict):
        _check_details(details)
    step_minutes = request.number("stepTimeoutInMinutes")
    if step_minutes is not None and step_minutes != -1 and not 1 <= step_minutes <= 10_080:
        raise Refusal("InvalidRequest", "stepTimeoutInMinutes: expected -1, or 1 to 10080")
    return str(status)


def _parse_topic(thing_name: str, topic: str) -> tuple[str, str]:
    prefix = f"$aws/things/{thing_name}/jobs/"
    levels = topic[len(prefix) :].split("/") if topic.startswith(prefix) else []
    if levels == ["get"]:
        return LIST, ""
    if len(levels) == 2 and _JOB_ID.fullmatch(levels[0]):
        if levels[1] == "get":
            return DESCRIBE, levels[0]
        if levels[1] == "update":
            return UPDATE, levels[0]
    raise Misuse(f"{topic}: no request of thing {thing_name} that is played here")


def _check_details(details: dict[object, object]) -> None:
    if len(details) > _MAX_DETAILS:
        raise Refusal("InvalidRequest", f"statusDetails: at most {_MAX_DETAILS}, got {len(details)}")
    for name, text in details.items():
        if not isinstance(name, str) or not _DETAIL_NAME.fullmatch(name):
            raise Refusal("InvalidRequest", f"statusDetails: not a name: {name!r}")
        if not isinstance(text, str) or not 1 <= len(text) <= _MAX_DETAIL_CHARACTERS:
            raise Refusal("InvalidRequest", f"statusDetails: {name}: expected 1 to 1024 characters")
        if any(unicodedata.category(character).startswith("C") for character in text):
            raise Refusal("InvalidRequest", f"statusDetails: {name}: control characters")
