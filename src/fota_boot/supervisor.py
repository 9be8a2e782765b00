"""The supervisor of a gateway: a service starts it instead of the application, and it starts the image that is due.

CPython only. `boot` decides which slot starts, and `processes` runs it: a child process, in place from its slot.
This file decides what the end of an image means. It is started again when it asks for that, when it crashes, and
when it could not reach the cloud; the old slot starts when a trial has no attempts left, or no time.
SIGTERM and SIGINT stop the supervisor; other signals are passed on.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass

from fota import boot, trial
from fota.boards.files import FilesBoard
from fota.errors import NothingBootable, StorageFailed
from fota.log import log
from fota.machine import RESTART_STATUS
from fota.record import EVIDENCE
from fota_boot import leftovers, misfits, start_images
from fota_boot.heartbeat import DEFAULT_PERIOD_S, Heartbeat
from fota_boot.last_resort import seal_again
from fota_boot.last_words import LastWords
from fota_boot.linux import adopt_orphans
from fota_boot.options import MAX_ATTEMPTS
from fota_boot.processes import ImageProcess
from fota_boot.signals import SignalPipe
from fota_boot.systemd import Systemd

STOP_GRACE_S = 10
"""How long an image that was asked to end may take before it is killed."""

FIRST_DELAY_S = 1
MAX_DELAY_S = 60
STABLE_S = 60
"""An image that ran for this long is started again without the delay of a crash loop."""

_PASSED_ON = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGWINCH)
_STOPPING = (signal.SIGTERM, signal.SIGINT)

_NOT_ITS_FAULT = ("offline", "not-started")
"""An image on trial that ended for these causes is started again within the same attempt, until its time is over."""

_NOT_FOR_IMAGES = ("SSLKEYLOGFILE",)
"""The image's keys are not for the log of a person who debugs the supervisor."""


@dataclass(frozen=True)
class Ended:
    """How one run of an image ended."""

    status: int
    cause: str
    lived_s: float


class Supervisor:
    """Runs the images of one home, one after the other, until a signal stops it."""

    def __init__(
        self,
        home: FilesBoard,
        *,
        attempts: int,
        deadline_s: float,
        arguments: "list[str]",
        tells_errors: bool = True,
        heartbeat_s: float = DEFAULT_PERIOD_S,
        ready_deadline_s: float = 0,
    ) -> None:
        """`tells_errors`: the job that began a trial is told the error that an image on trial ended with.

        `heartbeat_s`, `ready_deadline_s`: see `fota_boot.heartbeat.Heartbeat`.
        """
        self._home = home
        self._attempts = min(max(attempts, 1), MAX_ATTEMPTS)
        self._deadline_s = deadline_s
        self._arguments = arguments
        self._tells_errors = tells_errors
        # A signal that is ignored, as nohup does with SIGHUP, stays ignored, for the image too.
        passed_on = [number for number in _PASSED_ON if signal.getsignal(number) != signal.SIG_IGN]
        self._signals = SignalPipe((*passed_on, *_STOPPING))
        self._systemd = Systemd()
        self._heartbeat = Heartbeat(home.path, heartbeat_s, self._systemd, ready_deadline_s=ready_deadline_s)
        self._guard = leftovers.Guard(home.path)
        self._stopping = False
        self._delay_s = 0.0
        self._slot: int | None = None
        self._likely: int | None = None
        """The slot whose image ran last, unless it ended by itself."""
        self._trial_end_s: float | None = None
        """When the time of the trial is over; None while there is no trial."""
        self._was_offline = False
        """Whether the image on trial has ended for want of the cloud, in this trial."""
        self._any_runtime = False
        """Whether no image fits this Python, so that one that does not is started."""

    def run(self) -> None:
        """Start images until a signal stops it. *Raises* NothingBootable, StorageFailed."""
        adopt_orphans()
        try:
            cause = "offline" if self._home.note.is_offline() else "not-confirmed"
            while not self._stopping:
                cause = self._run_next(cause)
        finally:
            self._guard.dismiss()
            self._heartbeat.close()
        self._systemd.stopping()

    def _run_next(self, cause: str) -> str:
        """Start the image that is due, once. `cause`: why the last one ended; returns why this one did."""
        slot = self._choose(cause)
        before = boot.known(self._home.records)
        ended = self._run_image(slot)
        self._likely = slot if ended.status == RESTART_STATUS else None
        asked = ended.status == RESTART_STATUS and boot.known(self._home.records) != before
        if not self._stopping and not asked and not self._rolls_back(slot, ended.cause):
            self._pause(ended)
        return ended.cause

    def _choose(self, cause: str) -> int:
        """The slot to start now: the same one in the same attempt, or the one that the boot chooser names."""
        time_is_over = self._time_is_over()
        may_go_on = not time_is_over and cause in _NOT_ITS_FAULT
        if may_go_on and self._slot is not None and boot.goes_on(self._home.records, self._slot, self._proves):
            return self._slot
        if not self._any_runtime:
            misfits.give_way(self._home, self._proves)
        # A trial whose time is over has no attempt left.
        attempts = 0 if time_is_over else self._attempts
        try:
            slot = self._chosen(attempts, cause)
        except NothingBootable:
            # The image of a bundle may be whole where its tree is not.
            if not start_images.unpack_again(self._home) and not seal_again(self._home):
                # What fits is gone, so what does not fit is tried: much of it may work on this Python too.
                if not start_images.unpack_again(self._home, any_runtime=True):
                    raise
                self._any_runtime = True
            slot = self._chosen(attempts, cause)
            if self._any_runtime:
                log("no-image-fits", slot=slot, problem=misfits.misfit_of(self._home, slot))
        if slot != self._slot or not self._on_trial(slot):
            self._trial_end_s, self._was_offline = None, False
        if self._trial_end_s is None and self._may_be_on_trial(slot):
            self._trial_end_s = time.monotonic() + self._deadline_s
        if slot != self._slot:
            self._slot, self._delay_s = slot, 0.0
        return slot

    def _chosen(self, attempts: int, cause: str) -> int:
        records, count = self._home.records, self._home.slots.count
        return boot.choose(records, count, self._proves, attempts=attempts, cause=cause, likely=self._likely)

    def _proves(self, slot: int) -> "bool | None":
        return start_images.proves_itself_or_is_mended(self._home, slot, any_runtime=self._any_runtime)

    def _on_trial(self, slot: int) -> bool:
        record = boot.known(self._home.records)
        return record is not None and record.trial_slot == slot == record.boot_slot

    def _may_be_on_trial(self, slot: int) -> bool:
        """The same, or the record cannot be read now: when the time of a trial is over, it is looked at again."""
        try:
            self._home.records.load()
        except StorageFailed:
            return True
        return self._on_trial(slot)

    def _in_probation(self, slot: int) -> bool:
        record = boot.known(self._home.records)
        return record is not None and trial.is_in_probation(record, slot)

    def _time_is_over(self) -> bool:
        """Whether the image that was started last is on trial, and has had its time."""
        if self._trial_end_s is None or self._slot is None or not self._on_trial(self._slot):
            return False
        return time.monotonic() >= self._trial_end_s

    def _rolls_back(self, slot: int, cause: str) -> bool:
        """Whether the trial of that slot is given up now: then the old image need not wait."""
        record = boot.known(self._home.records)
        if record is None or not self._on_trial(slot):
            return False
        return self._time_is_over() or (cause not in _NOT_ITS_FAULT and record.attempts_spent >= self._attempts)

    def _run_image(self, slot: int) -> Ended:
        """Start the image of a slot and wait until it ends, is stopped, or its trial has lasted too long."""
        on_trial = self._on_trial(slot)
        # How an image ends matters until it was healthy in three boots: until then it can fall back.
        is_watched = on_trial or self._in_probation(slot)
        log("boot", slot=slot, verdict="on-trial" if on_trial else "settled")
        if is_watched and self._home.note.load():
            self._home.note.save({})
        try:
            path, command = start_images.command(self._home, slot, sys.executable, self._arguments)
            process = ImageProcess(path, command, self._environment(slot, is_watched), listens=is_watched)
        except (OSError, StorageFailed) as error:
            # One cause is no memory for another process: that may pass, and a device that gave up would be lost.
            log("image-ended", slot=slot, problem=error)
            return Ended(status=-1, cause="not-started", lived_s=0.0)
        self._heartbeat.begin(slot)
        cause = self._watch(process, slot)
        process.sweep(spared=self._guard.pids)
        lived_s, problem = process.lived_s(), process.why_not_started()
        log("image-ended", slot=slot, status=process.status, lived_s=round(lived_s, 1))
        if problem and not self._stopping:
            # Also if its time is over: what never ran has not hung.
            log("image-ended", slot=slot, problem=problem)
            return Ended(process.status, "not-started", lived_s)
        if cause is None and not self._stopping and is_watched:
            cause = self._cause_of(process, process.last_words())
        elif self._heartbeat.problem and is_watched:
            self._note_end(process, self._heartbeat.problem + process.where_it_hung())
        if cause in EVIDENCE and is_watched:
            boot.crashed(self._home.records, slot)
        return Ended(status=process.status, cause=cause or "not-confirmed", lived_s=lived_s)

    def _watch(self, process: ImageProcess, slot: int) -> "str | None":
        """Wait until the image has ended; returns the cause if its trial has lasted too long."""
        end_s = self._trial_end_s
        while not process.has_ended():
            timeout_s = None if end_s is None else max(0.0, end_s - time.monotonic())
            timeout_s = self._heartbeat.at_most(timeout_s)
            self._pass_on(self._signals.wait(timeout_s, self._heartbeat.readable()), process)
            is_kept = self._heartbeat.is_kept()
            if self._stopping:
                process.stop(STOP_GRACE_S, self._heartbeat.hear)
            elif not is_kept and not process.has_ended():
                log("image-hangs", slot=slot, problem=self._heartbeat.problem)
                process.abort(STOP_GRACE_S, self._heartbeat.hear)
                return "hung"
            elif end_s is not None and time.monotonic() >= end_s:
                end_s = None
                # First stop the image, then read the record: an image that confirms at the last moment stays.
                if self._on_trial(slot):
                    process.stop(STOP_GRACE_S, self._heartbeat.hear)
                    return self._cause_of_delay() if self._on_trial(slot) else "not-confirmed"
        return None

    def _cause_of_delay(self) -> str:
        """Why an image was not confirmed in time."""
        network = self._home.note.load().get("network")
        return "offline" if network == "offline" or (self._was_offline and network is None) else "hung"

    def _cause_of(self, process: ImageProcess, words: LastWords) -> str:
        """Why an image on trial has ended by itself; it is noted, with its last words."""
        self._note_end(process, words.error)
        # A signal comes of the image or of the machine, never of the network.
        status = process.status
        if status >= 0 and (self._home.note.is_offline() or (status == 1 and words.is_of_the_network)):
            self._was_offline = True
            return "offline"
        return "not-confirmed" if status == RESTART_STATUS else "crashed"

    def _note_end(self, process: ImageProcess, error: str) -> None:
        ended = {} if process.status == RESTART_STATUS else {"exit": process.end_in_words()}
        if error and self._tells_errors:
            ended["error"] = error
        if ended:
            self._home.note.add(**ended)

    def _environment(self, slot: int, is_watched: bool) -> "dict[str, str]":
        home = os.path.abspath(self._home.path)
        environment = self._systemd.without_its_own(os.environ)
        for name in (*_NOT_FOR_IMAGES, "FOTA_NOTE"):
            environment.pop(name, None)
        environment.update(self._heartbeat.environment())
        environment["FOTA_HOME"] = home
        environment["FOTA_SLOT"] = str(slot)
        environment["FOTA_BOOT_PROTOCOL"] = str(start_images.PROTOCOL)
        environment[leftovers.MARK] = leftovers.mark(home)
        if is_watched:
            environment["FOTA_NOTE"] = home + "/note"
        return environment

    def _pass_on(self, signals: "list[int]", process: "ImageProcess | None") -> None:
        for number in signals:
            if number in _STOPPING:
                self._stopping = True
            elif process is not None:
                process.send_signal(number)

    def _pause(self, ended: Ended) -> None:
        """Wait before an image is started again: longer each time, until one has run for long."""
        if ended.lived_s >= STABLE_S:
            self._delay_s = 0.0
            if ended.status == RESTART_STATUS:
                return
        self._delay_s = min(max(FIRST_DELAY_S, self._delay_s * 2), MAX_DELAY_S)
        log("restart-delayed", delay_s=self._delay_s)
        end_s = min(time.monotonic() + self._delay_s, self._trial_end_s or float("inf"))
        while not self._stopping and time.monotonic() < end_s:
            self._pass_on(self._signals.wait(self._systemd.at_most(end_s - time.monotonic())), None)
            self._systemd.alive()
