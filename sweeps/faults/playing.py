"""Plays one cell: begins the fault at its step, and waits until the device has come to rest."""

from __future__ import annotations

import random
import traceback

from fota import machine
from fota_testing.jobs import requests as jobs_requests
from fota_testing.misuse import Misuse
from sweeps.faults import halves, proxy, voiding
from sweeps.faults.acts import Acts
from sweeps.faults.broker import STATE, Broker
from sweeps.faults.cell import Cell, Result
from sweeps.faults.judging import AGAIN_JOB, GOOD_JOB
from sweeps.faults.life import ATTEMPTS, Life
from sweeps.faults.network import Network
from sweeps.faults.objects import Objects
from sweeps.faults.row import LASTING_S, UPDATED
from sweeps.faults.steps import AFTER, BACK, OLD, TRIAL
from sweeps.faults.world import Hang, World
from sweeps.powercut import factory
from sweeps.powercut.scenarios import BAD, BETTER, GOOD, NEXT, Offer

LOOK_MS = 5_000
REST_MS = 60_000
ENOUGH_MS = 600_000
"""A device that has come to rest while the fault lasts is watched for so long."""

LIMIT_MS = 4 * 3_600_000
"""From the end of the fault until the device has come to rest."""

NO_IMAGE_MS = 300_000
"""A device whose image can be started has one running within this time."""

MEANWHILE_MS = 150_000
"""After this time the device has told the service what it waits for."""

_CANNOT_START = frozenset(("fork-fails", "exec-fails", "no-descriptors", "reads-fail"))


def play(cell: Cell, seed: int = 1) -> Result:
    """Play one cell."""
    random.seed(f"{seed} {cell}")
    return Playing(cell).run()


class Playing(Acts):
    """One cell."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell
        self.result = Result(str(cell))
        self.active: set[str] = set()
        self.world = World()
        self.network = Network(self.world, self.active, lambda host: self._saw(f"resolve {host}"))
        self.broker = Broker(self.world, self.active, self._asked)
        self.objects = Objects(self.world, self.active, lambda part: self._saw(f"http {part}"))
        self.objects.url_lives = cell.step.expires
        self.network.servers = {
            "broker.example": self.broker,
            "images.example": self.objects,
            proxy.HOST: proxy.Proxy(self.active),
        }
        self.life = Life(cell.half, self.world, self.active, self._saw)
        if cell.row.is_keyed:
            self.life.disk = factory.factory_disk(is_keyed=True)
        self.life.has_policy = cell.row.has_policy
        if cell.row.is_proxied:
            self.network.proxied = "images.example"
            self.life.proxy = proxy.SETTING
        self.phase = OLD
        self.seen: list[str] = []
        self.trial_starts = self.began_ms = 0
        self.ended_ms: int | None = None
        self.was_late = False
        """Whether the job was not over when a lasting fault ended."""
        self._image = NEXT if cell.row.ways else BAD if cell.step.is_bad else GOOD
        self.life.crashing, self.life.crashes_from = self._image.name, 2 if cell.step.falls_back else 0

    # What happens.

    def _log(self, text: str) -> None:
        self.result.log.append(f"{(self.world._now_ms - 1_000_000) / 1000:10.3f}  {text}")

    def _asked(self, kind: str, job_id: str, status: str) -> None:
        if kind == jobs_requests.UPDATE and status not in {"IN_PROGRESS", "QUEUED"}:
            self._judge_report(job_id, status)
        if kind == STATE:
            self._judge_state()
        self._saw(f"{kind} {status}".strip())

    def _saw(self, event: str) -> None:
        if event == "record" and self.phase == TRIAL and self._image == BAD and self.trial_starts >= ATTEMPTS:
            event = "giving-up"
        if event == "record" and self.phase == AFTER and self.life.has_crashed_enough():
            event = "falling-back"
        self._move_on(event)
        self._log(f"{event}")
        step = self.cell.step
        if not self.result.begun and step.event == event and self._is_there():
            self._begin()
        self.seen.append(event)
        if step.expires and event == "http 0.5" and self.seen.count("describe") < 2:
            for wire in list(self.network.wires):
                if wire.host == "images.example":
                    self.world.at(100, wire.reset)

    def _is_there(self) -> bool:
        step = self.cell.step
        if step.phase != self.phase:
            return False
        wanted = step.behind.split()
        if step.behind in {"describe describe"}:
            return self.seen.count("describe") >= 2
        return all(word in self.seen for word in wanted)

    def _move_on(self, event: str) -> None:
        """Which phase it is."""
        life = self.life
        record = life.record() if life.door.model is not None else None
        if self.phase == OLD and event == "record" and self.seen and self.seen[-1] == "restarting":
            self.phase = TRIAL
        if event == "started" and record is not None:
            if life.running == self._image.name:
                self.phase = TRIAL if record.is_on_trial else AFTER
                self.trial_starts += record.is_on_trial
            elif self.phase in {TRIAL, BACK} or self.life.has_crashed_enough():
                self.phase = BACK
        if event == "confirmed":
            self.phase = AFTER

    def _begin(self) -> None:
        """The fault comes into force."""
        row = self.cell.row
        self.result.begun = True
        self.began_ms = self.world._now_ms
        self._log(f"== {row.name} begins: {row.about}")
        self.active.update(row.kinds)
        self.network.began()
        (kind,) = row.kinds
        if row.lasts_s:
            self.world.at(row.lasts_s * 1000, self._end)
        else:
            self._end()
        self._act(kind)
        if row.meanwhile:
            self.world.at(MEANWHILE_MS, self._meanwhile)

    def _meanwhile(self) -> None:
        if self.ended_ms is None:
            self._log(f"== meanwhile: {self.cell.row.meanwhile}")
            self._act(self.cell.row.meanwhile)

    def _act(self, kind: str) -> None:
        act = getattr(self, "_" + kind.replace("-", "_"), None)
        if act is not None:
            act()

    def _end(self) -> None:
        if self.ended_ms is not None:
            return
        self._log("== the fault has ended")
        lasted_ms = self.world._now_ms - self.began_ms
        self.was_late = lasted_ms >= LASTING_S * 1000 and self._status(GOOD_JOB) in {"QUEUED", "IN_PROGRESS"}
        self._judge_told_of_storage(lasted_ms)
        self.active.clear()
        self.world.jump_s = 0
        if self.cell.row.group in {"network", "dns"}:
            self.network.ended(lasted_ms)
        self.ended_ms = self.world._now_ms

    def run(self) -> Result:
        """Play until the device has come to rest."""
        with halves.in_world(self.life, self.network):
            machine.emit = lambda event, facts: self._log(f"   log: {event} {facts}")
            try:
                self._play()
            except Hang as problem:
                self.result.hang = str(problem)
            except (Exception, Misuse) as error:  # noqa: BLE001 - a device that ends like this has stopped
                self.result.stopped.append(f"{type(error).__name__}: {error}")
                self._log(traceback.format_exc())
            finally:
                self._clean_up()
        self.result.stopped += self.life.stopped
        for text in self.life.news:
            self._log(text)
        return self.result

    def _play(self) -> None:
        step = self.cell.step
        self.broker.create(GOOD_JOB, self._offer(GOOD_JOB).document())
        if step.name == "power-on":
            self._begin()
        self.life.power_on()
        self._await(GOOD_JOB)
        if step.name == "idle":
            self.world.sleep_ms(REST_MS)
            self._begin()
            if self.cell.row.name == "foreign-job":
                self._behind_the_foreign()
                return
            self._await(GOOD_JOB)
        while self.life.crashes_from and self.life.running == self.life.crashing:
            self._saw("rebooted")
            self.life.restart_service()
            self._await(GOOD_JOB)
        self.result.outcome = self._outcome(GOOD_JOB)
        self._judge_outcome()
        # A job behind ten others is not listed.
        is_due = step.is_bad or self.cell.row.is_whole or self.result.outcome != UPDATED
        if self.cell.row.is_keyed:
            self._after_voiding()
        elif is_due and self.cell.row.name != "foreign-jobs":
            self._try_again()
        if self.cell.row.group == "shadow":
            self._await_state()
        self._judge_rest()

    def _after_voiding(self) -> None:
        """The keyring was taken; no void number is taken after it, and a good one is."""
        self._await(voiding.KEYRING_JOB)
        if self._status(voiding.KEYRING_JOB) != "SUCCEEDED":
            self.result.undocumented = f"the keyring: {self._outcome(voiding.KEYRING_JOB)}"
        if self.broker.shadow.reported.get("version") is None:
            self.result.wrong_reports.append(
                "the shadow does not say any more that the release with the void number runs"
            )
        for offer, wanted in voiding.afterwards(AGAIN_JOB):
            self._log(f"== another job, that must end as {wanted}")
            self._image = self.loop_images[offer.job_id] = offer.image
            self.broker.create(offer.job_id, offer.document())
            self._await(offer.job_id)
            if self._outcome(offer.job_id) != wanted:
                self.result.wrong_reports.append(f"{offer.job_id}: {self._outcome(offer.job_id)}, expected {wanted}")

    def _behind_the_foreign(self) -> None:
        """A firmware job that is made behind jobs that nobody works on is noticed, within minutes."""
        self.world.sleep_ms(REST_MS)
        self.result.outcome = self._outcome(GOOD_JOB)
        self._image = BETTER
        self.broker.create(AGAIN_JOB, Offer(AGAIN_JOB, BETTER).document())
        self._await(AGAIN_JOB)
        if self._outcome(AGAIN_JOB) != UPDATED:
            self.result.undocumented = f"behind a foreign job: {self._outcome(AGAIN_JOB)}"

    def _await(self, job_id: str) -> None:
        """Wait until a job is over and the device has rested. *Raises* Hang."""
        rest_ms = stood_ms = idle_ms = started = 0
        began_ms = self.world._now_ms
        while True:
            self.world.sleep_ms(LOOK_MS)
            starts = self.seen.count("started")
            is_idle = self.life.running is None and starts == started and not self.active & _CANNOT_START
            idle_ms, started = (idle_ms + LOOK_MS if is_idle else 0), starts
            if idle_ms > NO_IMAGE_MS:
                raise Hang(f"no image runs for {NO_IMAGE_MS // 1000} s")
            is_over = self._status(job_id) not in {"QUEUED", "IN_PROGRESS"}
            stood_ms = stood_ms + LOOK_MS if is_over and self._stands() else 0
            if stood_ms >= ENOUGH_MS and self.active and not self.cell.row.is_whole:
                self._end()
            has_passed = not self.active and (self.result.begun or job_id == AGAIN_JOB or is_over)
            is_over = is_over and has_passed and self._stands()
            rest_ms = rest_ms + LOOK_MS if is_over else 0
            if rest_ms >= REST_MS:
                return
            if self.world._now_ms - max(self.ended_ms or 0, began_ms) > LIMIT_MS and not self.active:
                raise Hang(f"{job_id} is {self._status(job_id) or 'gone'}, and the device does not come to rest")

    def _stands(self) -> bool:
        """Whether an image runs, no trial is open, and it has a connection."""
        record = self.life.record()
        is_open = record is not None and record.is_on_trial
        return self.life.running is not None and not is_open and self.broker._session is not None

    def _try_again(self) -> None:
        """The same image, or after a bad one another image, is offered once more: nothing is in its way."""
        is_other = self.cell.step.is_bad or self.cell.row.is_whole or self.life.crashes_from
        image = BETTER if is_other else self._image
        if self.life.running == image.name:
            return
        self._image = image
        self.phase = "again"
        self._log("== another job")
        self.broker.create(AGAIN_JOB, self._offer(AGAIN_JOB).document())
        self._await(AGAIN_JOB)
        again = self._outcome(AGAIN_JOB)
        if again != UPDATED:
            (self.result.called_bad if "known-bad" in again else self.result.wrong_reports).append(f"again: {again}")

    def _clean_up(self) -> None:
        world = self.world
        world.problem = None
        for process in {task.process for task in world._tasks if task is not world.main}:
            world.kill(process) if process is not None else None
