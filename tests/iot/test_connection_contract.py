"""Both connections meet the contract of `aws.iot.mqtt`, and its check catches a connection that breaks a clause."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from aws.iot.mqtt import rules
from fota_testing import _connection_scene
from fota_testing.connection_contract import CLAUSES, ConnectionTraits, check_connection
from tests.labs.broken_connections import BROKEN, PahoWithHaste, SendsAgainUnmarked, SendsOnce
from tests.labs.careless_connections import CARELESS
from tests.labs.mqtt_lab import MqttLab

if TYPE_CHECKING:
    from aws.iot.mqtt import Connection

pytestmark = pytest.mark.slow

CONNECTS_APART_MS, SECOND_MS = 60, 400
RULES = {
    "GRANT_WITHIN_MS": 400,
    "GOODBYE_WITHIN_MS": 400,
    "RESEND_AFTER_MS": 600,
    "ASK_REFUSED_MS": (20, 160),
    "ASK_FORBIDDEN_MS": (60_000, 60_000),
    "TURN_MS": 20,
    # AWS IoT's second and the pace, both that much shorter.
    "CONNECT_EVERY_MS": CONNECTS_APART_MS * 2,
    "PUBLISH_EVERY_MS": SECOND_MS // 50,
}
"""What a check would wait for. It asserts what it asserts with the library's own values."""

TRAITS = ConnectionTraits(
    granted_within_ms=400, ended_within_ms=500, connects_apart_ms=CONNECTS_APART_MS, second_ms=SECOND_MS
)


@pytest.mark.parametrize(("number", "check"), CLAUSES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_the_connections_of_the_library_meet_every_clause(
    mqtt_lab: MqttLab, number: int, check: Callable[[Any], None]
) -> None:
    for name, value in RULES.items():
        mqtt_lab.rule(name, value)

    def make(endpoint: str, authorities: str) -> "Connection":
        return mqtt_lab.connection(endpoint=endpoint, cacert=authorities)

    with _connection_scene.ConnectionScene(number, make, TRAITS) as scene:
        check(scene)


@pytest.mark.slow
def test_the_check_runs_every_clause_and_says_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)

    left_out = check_connection(PahoWithHaste, replace(TRAITS, drops_forbidden=False))

    assert left_out == ["clause 9: what the broker hangs up on, since `drops_forbidden` is False"]


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in RULES.items():
        monkeypatch.setattr(rules, name, value)


UNMARKED = replace(TRAITS, mended_within_ms=2_000, marks_repeated=False)


@pytest.mark.slow
def test_a_connection_that_sends_again_without_the_mark_passes_where_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shorten(monkeypatch)
    monkeypatch.setattr(*SendsAgainUnmarked.replaces)

    left_out = check_connection(SendsAgainUnmarked, UNMARKED, clauses=[8])

    assert left_out == ["clause 8: the mark of a repeated message, since `marks_repeated` is False"]


@pytest.mark.slow
def test_a_connection_that_says_so_must_send_again_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)
    monkeypatch.setattr(*SendsOnce.replaces)

    with pytest.raises(AssertionError, match=r"^clause 8: a message of QoS 1 is sent again after a loss"):
        check_connection(SendsOnce, UNMARKED, clauses=[8])


def test_every_clause_has_a_connection_that_breaks_it() -> None:
    assert set(BROKEN) == {number for number, _ in CLAUSES}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clause", "broken"),
    [(clause, broken) for some in (BROKEN, CARELESS) for clause, many in some.items() for broken in many],
)
def test_a_connection_that_breaks_a_clause_is_caught_by_its_number(
    monkeypatch: pytest.MonkeyPatch, clause: int, broken: type[PahoWithHaste]
) -> None:
    shorten(monkeypatch)
    monkeypatch.setattr(_connection_scene, "_MARGIN_MS", 500)
    if hasattr(broken, "replaces"):
        monkeypatch.setattr(*broken.replaces)
    traits = replace(TRAITS, mended_within_ms=1_200, sent_again_within_ms=1_500, asked_again_within_ms=1_000)

    with pytest.raises(AssertionError, match=rf"^clause {clause}: "):
        check_connection(broken, traits, clauses=[clause])
