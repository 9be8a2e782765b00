"""The faults of the named shadow, in which a device says what it runs. No job may suffer from any of them."""

from __future__ import annotations

from sweeps.faults.row import LASTING_S, UPDATED, Row, lasting, once


def _shadow(name: str, about: str, *more: str) -> list[Row]:
    row = Row(name, "shadow", about, (name,), outcomes=(UPDATED, *more))
    return lasting(row, (75, 600, LASTING_S))


SHADOW_ROWS: tuple[Row, ...] = (
    *_shadow("shadow-refused", "the shadow refuses what the device tells it"),
    *_shadow("shadow-forbidden", "the broker hangs up on all that concerns the shadow, as for an older policy"),
    *_shadow("shadow-unheard", "what the device tells its shadow does not arrive"),
    *_shadow("shadow-answer-lost", "the shadow takes what it is told, and its answer is lost"),
    *_shadow("shadow-garbage", "the shadow's answers are not JSON"),
    *once("shadow-changed", "shadow", "another writer puts a version into the shadow that never ran"),
)
