"""Judges what the device tells its named shadow: that it is true when it is sent, sent on change alone, and mended.

Leaves to others: how a job ends (`judging`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sweeps.powercut.scenarios import IMAGES

if TYPE_CHECKING:
    from sweeps.faults.broker import Broker
    from sweeps.faults.cell import Cell, Result
    from sweeps.faults.life import Life
    from sweeps.faults.world import World

HEARD_MS = 1_000
"""A device that nothing disturbs has its answer within this time."""
MEND_MS = 2_400_000
"""A shadow that could not be told, or that another writer changed, is right this long after the fault, and longer by
twice the time that it lasted: the pause between two tries doubles."""

_SHA256_OF = {image.name: hashlib.sha256(image.content).hexdigest() for image in IMAGES if image.name}
CONFIRMED, ON_TRIAL = "confirmed", "on-trial"


class StateJudge:
    """What it needs is made by `playing.Playing`."""

    cell: Cell
    result: Result
    world: World
    broker: Broker
    life: Life
    active: set[str]
    ended_ms: int | None

    def __init__(self) -> None:
        self._state_known: tuple[int, str] | None = None
        """The start of an image, and the state that it told then and was answered to."""

    def _judge_state(self) -> None:
        """At the moment when the device tells its state."""
        told, wrong = self.broker.told_state, self._wrong_in(self.broker.told_state)
        if wrong:
            self.result.wrong_reports.append(f"the shadow is told {wrong}")
        telling = (self.life.starts.total(), repr(told))
        if telling == self._state_known:
            self.broker.breaches.append("a state was told again that AWS had taken")
        if not self.active:
            told_ms = self.world._now_ms
            self.world.at(HEARD_MS, lambda: self._settle(telling, told_ms))

    def _settle(self, telling: tuple[int, str], told_ms: int) -> None:
        """The answer has come, if nothing was in its way meanwhile."""
        was_disturbed = self.ended_ms is not None and self.ended_ms >= told_ms
        if not (self.active or was_disturbed) and telling[0] == self.life.starts.total():
            self._state_known = telling

    def _wrong_in(self, told: dict[str, object]) -> str:
        """What is not true of the image that runs; empty: nothing. What is absent is not wrong."""
        record, running = self.life.record(), self.life.running
        is_on_trial = record is not None and record.is_on_trial and record.trial_slot == told.get("slot")
        expected = {"state": ON_TRIAL if is_on_trial else CONFIRMED, "sha256": _SHA256_OF.get(running or "")}
        for name, value in expected.items():
            if told.get(name) not in {None, value}:
                return f"{name} {told[name]!r}, while {running} runs, {expected['state']}"
        if not isinstance(told.get("slot"), int) or self.life.image_in(int(str(told["slot"]))) != running:
            return f"slot {told.get('slot')!r}, while {running} runs"
        return ""

    def _await_state(self) -> None:
        """The shadow says what runs, after the next boot at the latest."""
        self._restart_for_state()
        limit_ms = self.world._now_ms + MEND_MS + 2 * self.cell.row.lasts_s * 1000
        while self.world._now_ms < limit_ms:
            self.world.sleep_ms(HEARD_MS)
            shown = self.broker.shadow.reported
            if shown.get("sha256") and self.life.running and not self._wrong_in(shown) and "version" not in shown:
                return
        self.result.wrong_reports.append(f"the shadow says {self.broker.shadow.reported}")

    def _restart_for_state(self) -> None:
        if self.cell.row.name == "shadow-changed":
            self.life.restart_service()
