"""Judges how one cell ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeps.faults import voiding
from sweeps.faults.judging_patches import PatchJudge
from sweeps.faults.judging_state import StateJudge
from sweeps.faults.life import ATTEMPTS
from sweeps.faults.row import CRASHED, ENDED, FELL_BACK, NOT_CONFIRMED, UPDATED
from sweeps.faults.steps import OLD, TRIAL
from sweeps.powercut.scenarios import BAD, FACTORY, IMAGE_BYTES, Image

if TYPE_CHECKING:
    from sweeps.faults.broker import Broker
    from sweeps.faults.cell import Cell, Result
    from sweeps.faults.life import Life
    from sweeps.faults.objects import Objects
    from sweeps.faults.world import World

MOST_BYTES, MOST_BYTES_A_SECOND = 800_000, 2_500
"""What a download of these small images may cost with the heads of all its tries, of 64 KiB at most each. The pause
between two tries grows to a minute at most; half of it is random."""

WATCHDOG_MS = 8_388
"""The longest time of the watchdog of an rp2: an update calls its `Progress` more often, whatever it waits for."""

_SLOW_CALLS = ("dns-slow", "flush-slow")
"""One call of the operating system takes eight seconds then, and nothing can be called meanwhile."""

PATIENCE_S = 1_800
"""A download that brings nothing for so long ends."""

MOST_RESTARTS = 12
"""Two jobs, each with a restart that the program and the library both tell, and some that a fault costs."""

LEAST_TRIES, MOST_TRIES = 5, 11
"""In half an hour: three updates that fail are free, and then each waits twice as long.

The job before them and the one behind them count too.
"""

A_DAY = 48
"""This number of updates may begin in a day."""

_LONG_MS = 900_000
"""Longer than a trial, and than a device waits before it looks again."""

ERROR = "sensor driver missing"
"""What an image that crashes ends with."""

HANG = "the application hangs"
"""What the note says about an image that hangs."""

_MAY_LOSE_THE_ERROR = ("disk", "memory", "processes")

EVIDENCE = ("crashed", "deadline", "health-check", "hung")
GOOD_JOB, AGAIN_JOB = "job-1", "job-2"


class Judge(PatchJudge, StateJudge):
    """What it needs is made by `playing.Playing`."""

    cell: Cell
    result: Result
    world: World
    broker: Broker
    objects: Objects
    life: Life
    seen: list[str]
    was_late: bool
    _image: Image
    loops: int = 0
    """How many jobs came because of a fault that makes jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.loop_images: dict[str, Image] = {}
        """What those jobs bring."""

    # How it is judged.

    def _status(self, job_id: str) -> str:
        try:
            return self.broker.execution(job_id).status
        except Exception:  # noqa: BLE001 - whatever a ledger raises for a job that is gone
            return ""

    def _judge_report(self, job_id: str, status: str) -> None:
        life = self.life
        record = life.record()
        final = life.image_in(record.confirmed_slot) if record is not None and record.trial_slot is None else None
        if job_id == voiding.KEYRING_JOB:
            return
        if job_id not in {GOOD_JOB, AGAIN_JOB, *self.loop_images}:
            self.result.wrong_reports.append(f"{status} of {job_id}")
            return
        wanted = self.loop_images.get(job_id, self._image).name
        if status == "SUCCEEDED" and (final != wanted or life.running != final):
            self.result.wrong_reports.append(f"SUCCEEDED, while {life.running} runs and {final} is final")
        elif status != "SUCCEEDED" and final == wanted and self._status(job_id) in {"QUEUED", "IN_PROGRESS"}:
            self.result.wrong_reports.append(f"{status} of the image that runs")

    def _outcome(self, job_id: str) -> str:
        status = self._status(job_id)
        if status == "SUCCEEDED":
            return FELL_BACK if self.life.crashes_from and self.life.running == FACTORY.name else UPDATED
        if status in {"CANCELED", "TIMED_OUT", "REMOVED", ""}:
            return ENDED
        details = self.broker.execution(job_id).details
        reason = str(details.get("reason", ""))
        if status == "FAILED" and reason == "rolled-back":
            return f"rolled-back {details.get('cause', '')}"
        return f"{status.lower()} {reason}"

    def _judge_outcome(self) -> None:
        cell, outcome = self.cell, self.result.outcome
        allowed = cell.row.outcomes
        if cell.step.phase in {OLD, TRIAL}:
            allowed += cell.row.in_trial
        if cell.step.falls_back:
            # It was SUCCEEDED by then, and nothing makes this image one that stays.
            allowed = (*(one for one in allowed if one != UPDATED), FELL_BACK)
        if cell.step.is_bad:
            # The truth about this image is that it crashes; nothing else makes it a success.
            allowed = (*(one for one in allowed if one != UPDATED), CRASHED)
            # Who was killed before the cause was noted has not noted it.
            allowed += (NOT_CONFIRMED,) if cell.row.group in {"processes", "images"} else ()
            if outcome == CRASHED and cell.row.group not in _MAY_LOSE_THE_ERROR:
                self._judge_reason()
        elif outcome not in allowed and (outcome.partition(" ")[2] in EVIDENCE or "known-bad" in outcome):
            self.result.called_bad.append(outcome)
        if self.life.kernel.aborts and not self.life.hangs:
            self.result.called_bad.append("it was ended as one that hangs")
        if outcome not in allowed:
            self.result.undocumented = f"{outcome}; documented: {', '.join(allowed)}"
        if outcome == FELL_BACK:
            self._judge_told()
        self._judge_way()
        running, wanted = self.life.running, self._image.name if outcome == UPDATED else FACTORY.name
        if outcome != ENDED and running != wanted and not self.loops:
            self.result.wrong_reports.append(f"{outcome}, and {running} runs")

    def _judge_told(self) -> None:
        """The shadow hears of a fall back, and with which error the image ended."""
        told = self.broker.told_of_fall_back
        if not told:
            self.result.wrong_reports.append("fell back, and the shadow does not say so")
        elif self.cell.row.group not in _MAY_LOSE_THE_ERROR and not any(
            # One that hangs from now on may have crashed before.
            ERROR in payload or (self.life.hangs and HANG in payload)
            for payload in told
        ):
            self.result.wrong_reports.append(f"fell back, and the shadow says {told[0]}")

    def _judge_told_of_storage(self, lasted_ms: int) -> None:
        """A job that has waited for long for a record that cannot be read says so."""
        is_pending = self._status(GOOD_JOB) in {"QUEUED", "IN_PROGRESS"} and self.life.running is not None
        if "record-unreadable" in self.life.active and is_pending and lasted_ms > _LONG_MS:
            reason = self.broker.execution(GOOD_JOB).details.get("reason")
            if reason != "storage-failed":
                self.result.wrong_reports.append(f"the record cannot be read, and the job says {reason}")

    def _judge_reason(self) -> None:
        """The cloud hears with which error the image ended."""
        error = str(self.broker.execution(GOOD_JOB).details.get("error", ""))
        if ERROR not in error:
            self.result.wrong_reports.append(f"crashed, and the error that is told is {error!r}")

    def _judge_rest(self) -> None:
        restarts = self.seen.count("restarting")
        row = self.cell.row
        if restarts > MOST_RESTARTS and not row.is_whole:
            self.result.undocumented = self.result.undocumented or f"{restarts} restarts by the program"
        tries, least, most = self._tries()
        if not least <= tries <= most:
            self.result.undocumented = self.result.undocumented or f"{tries} tries, expected {least} to {most}"
        if self.was_late and row.outcomes == (UPDATED,) and not row.in_trial:
            self.result.undocumented = self.result.undocumented or "it ended only when the fault had ended"
        allowed = MOST_BYTES + MOST_BYTES_A_SECOND * min(self.cell.row.lasts_s, PATIENCE_S)
        if self.objects.served_bytes > allowed and not self.result.undocumented:
            self.result.undocumented = f"{self.objects.served_bytes} bytes came for an image of {IMAGE_BYTES}"
        silence_ms = self.life.longest_silence_ms
        if silence_ms > WATCHDOG_MS and row.family not in _SLOW_CALLS:
            self.result.undocumented = self.result.undocumented or f"a watchdog was not fed for {silence_ms} ms"
        for breach in self.objects.breaches[:1]:
            self.result.undocumented = f"not as the server asked: {breach}"
        for breach in self.broker.breaches[:1]:
            self.result.undocumented = self.result.undocumented or f"against a quota: {breach}"
        if not self.result.begun:
            self.result.undocumented = "the fault never began"

    def _tries(self) -> tuple[int, int, int]:
        """How often jobs that come again and again were tried, with the least and the most that is right."""
        name = self.cell.row.family
        if name == "bad-image-again":
            return self.life.starts[BAD.name] // ATTEMPTS, LEAST_TRIES, MOST_TRIES
        if name == "wrong-object-again":
            return self.objects.asked, LEAST_TRIES, MOST_TRIES
        if name == "good-image-again":
            return self.seen.count("update SUCCEEDED"), A_DAY + 1, 2 * A_DAY
        return 0, 0, 0
