"""The connections over a program's own client meet the contract, clause by clause."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aws.iot.mqtt import rules
from fota_testing import _connection_scene
from fota_testing.connection_contract import CLAUSES, ConnectionTraits
from tests.labs.borrowed_clients import AWSCRT, KINDS, only_with_awscrt

pytestmark = pytest.mark.slow

CONNECTS_APART_MS, SECOND_MS = 60, 400
RULES = {
    "GRANT_WITHIN_MS": 400,
    "GOODBYE_WITHIN_MS": 400,
    "ACKNOWLEDGE_WITHIN_MS": 700,
    "ASK_REFUSED_MS": (20, 160),
    "ASK_FORBIDDEN_MS": (60_000, 60_000),
    "TURN_MS": 20,
    # AWS IoT's second and the pace, both that much shorter; twice as long, since a busy machine delays a CONNECT.
    "CONNECT_EVERY_MS": CONNECTS_APART_MS * 2,
    "PUBLISH_EVERY_MS": SECOND_MS // 50,
}
"""What a check would wait for. It asserts what it asserts with the library's own values."""

TRAITS = ConnectionTraits(
    granted_within_ms=400, ended_within_ms=500, connects_apart_ms=CONNECTS_APART_MS, second_ms=SECOND_MS
)
_NAMES = [pytest.param(name, marks=only_with_awscrt if name in AWSCRT else ()) for name in KINDS]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "check"), CLAUSES, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("name", _NAMES)
def test_a_borrowed_client_meets_every_clause(
    monkeypatch: pytest.MonkeyPatch, name: str, number: int, check: Callable[[Any], None]
) -> None:
    for rule, value in RULES.items():
        monkeypatch.setattr(rules, rule, value)
    program: Any = KINDS[name]
    traits = replace(TRAITS, marks_repeated=program.marks_repeated)

    with _connection_scene.ConnectionScene(number, program, traits) as scene:
        check(scene)
