"""What happens at the moment when a fault comes into force, besides that its kind is active: a method for a kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sweeps.faults import voiding
from sweeps.faults.judging import GOOD_JOB, Judge
from sweeps.faults.steps import AFTER, TRIAL
from sweeps.powercut.scenarios import BAD, BETTER, GOOD, Offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeps.faults.network import Network

AGAIN_EVERY_MS = 30_000
"""How often somebody looks whether it is time for another job."""

LOOK_OFTEN_MS = 100
"""Shorter than a part of an image takes."""

LAUNCHED_MS = 500
"""The launcher of an image takes longer."""

_2000_S, _2040_S = 946_684_800, 2_208_988_800

_SPRING_S, _AUTUMN_S = 1_806_194_700, 1_792_880_100
"""The time of the service: a quarter of an hour before clocks are put forward in Berlin in March 2027, and two hours
before they show 02:15 there for the first of two times in October 2026."""


class Acts(Judge):
    """See the top of this file. `playing.Playing` calls them by their names."""

    phase: str
    active: set[str]
    network: Network

    def _kicked(self) -> None:
        self.broker.kick()

    def _kicked_often(self) -> None:
        self.broker.kick_often()

    _certificate_inactive = _not_authorized = _server_unavailable = _connack_silent = _kicked
    _suback_silent = _suback_refused = _old_policy = _broker_garbage = _kicked

    def _urls_expire(self) -> None:
        self.objects.refused_to = self.broker.minted

    def _patch_url_expires(self) -> None:
        self._urls_expire()
        for wire in list(self.network.wires):
            if wire.host == "images.example":
                wire.reset()

    def _patch_damaged_cut(self) -> None:
        """The power is cut once a part of the whole image has come."""
        if self.objects.served[self._image.url]:
            self._power_cut()
        elif self.ended_ms is None:
            self.world.at(LOOK_OFTEN_MS, self._patch_damaged_cut)

    def _shadow_changed(self) -> None:
        self.broker.shadow.reported.update(version="9.9.9", sha256="0" * 64, slot=7)

    def _number_voided(self) -> None:
        self.broker.create(voiding.KEYRING_JOB, voiding.KEYRING_OFFER.document())

    def _cancelled(self, status: str = "CANCELED") -> None:
        if self._status(GOOD_JOB) in {"QUEUED", "IN_PROGRESS"}:
            self.broker.end(GOOD_JOB, status)

    def _timed_out(self) -> None:
        if self._status(GOOD_JOB) == "IN_PROGRESS":
            self._cancelled("TIMED_OUT")

    def _deleted(self) -> None:
        if self._status(GOOD_JOB):
            self.broker.delete(GOOD_JOB)

    def _foreign_job(self, count: int = 1) -> None:
        for number in range(count):
            self.broker.create(f"other-{number}", {"operation": "reboot-the-modem"})

    def _foreign_jobs(self) -> None:
        self._foreign_job(12)

    def _power_cut(self) -> None:
        self._interrupt(lambda: self.life.power_cut("kept"))

    def _power_cut_lost(self) -> None:
        self._interrupt(lambda: self.life.power_cut("lost"))

    def _service_restarted(self) -> None:
        self._interrupt(self.life.restart_service)

    def _killed(self) -> None:
        self._interrupt(self._kill_image)

    def _kill_image(self) -> None:
        if not self.life.kill_image():
            # None was started yet: the launcher of the next one is killed.
            self.world.at(LAUNCHED_MS, self._killed)

    def _helper_left(self) -> None:
        self.life.start_helper()

    def _chooser_killed(self) -> None:
        self._interrupt(self.life.kill_chooser)

    def _chooser_killed_helper_left(self) -> None:
        self.life.start_helper()
        self._chooser_killed()

    def _crashes_from_second_start(self, start: int = 2) -> None:
        self.life.crashes_from = start
        if self.phase in {TRIAL, AFTER}:
            # Before that, the device restarts when the job is over.
            self._service_restarted()

    def _crashes_from_third_start(self) -> None:
        self._crashes_from_second_start(3)

    def _hangs_from_second_start(self) -> None:
        self.life.hangs = True
        self._crashes_from_second_start()

    def _bad_image_again(self) -> None:
        self._offer_again([Offer("", BAD, odd_fields=(("bc_insist", True),))])

    def _wrong_object_again(self) -> None:
        other = f"${{aws:iot:s3-presigned-url:{BAD.url}}}"
        self._offer_again([Offer("", BETTER, odd_fields=(("bc_url", other),))])

    def _good_image_again(self) -> None:
        self._offer_again([Offer("", BETTER), Offer("", GOOD)])

    def _replaced(self) -> None:
        """A newer release is offered besides, as an operator does who has found a defect in the one before."""
        self._offer_once(Offer("", BETTER))

    def _offer_again(self, offers: list[Offer]) -> None:
        """Make the next job once none is pending, as long as the fault lasts."""
        if self.cell.row.kinds[0] not in self.active:
            return
        if not self.broker.ledger.pending():
            self._offer_once(offers[(self.loops + 1) % len(offers) - 1])
        self.world.at(AGAIN_EVERY_MS, lambda: self._offer_again(offers))

    def _offer_once(self, offer: Offer) -> None:
        self.loops += 1
        offer = replace(offer, job_id=f"loop-{self.loops}")
        self.loop_images[offer.job_id] = offer.image
        self.broker.create(offer.job_id, offer.document())

    def _clock_hour_on(self) -> None:
        self.world.jump_s = 3_600

    def _clock_hour_back(self) -> None:
        self.world.jump_s = -3_600

    def _clock_2000(self) -> None:
        self.world.jump_s = _2000_S - self.world.wall_s()

    def _clock_2040(self) -> None:
        self.world.jump_s = _2040_S - self.world.wall_s()

    def _dst_on(self) -> None:
        self.broker.epoch_s = _SPRING_S - self.world.now_ms() // 1000

    def _dst_back(self) -> None:
        self.broker.epoch_s = _AUTUMN_S - self.world.now_ms() // 1000

    def _interrupt(self, act: Callable[[], None]) -> None:
        """Do it in no thread of the device; if one of those is here, it goes no further."""
        self.world.spawn(None, act)
        if not self.world.in_moment and self.world.current is not self.world.main:
            self.world.wait(lambda: False, self.world._now_ms + 1)
