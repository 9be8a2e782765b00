"""Job handling in a thread of its own, so that the program's loop is not held up. Made by `fota.start_background`.

`fota.handle_fota_jobs` does the work; this file calls it when something is due, asks the program before the device
restarts into a new image, ends it cleanly, and never lets the thread die of an error.
"""

import atexit
import threading
from collections.abc import Callable
from functools import partial

from aws.iot._interruptible_cpython import Interruptible, Stopped
from aws.iot.jobs import Job, Jobs
from fota import journal, machine, trial
from fota.device import Device
from fota.errors import StorageFailed
from fota.log import log, problem_of
from fota.progress import Progress
from fota.transfer.backoff import Backoff, RetryTimer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.policy import Policy

_LOOK_EVERY_S = 1.0
"""How often the thread asks whether something is new, which costs microseconds, and whether it may restart."""

_PAUSE_MS = (1_000, 60_000)
"""Pauses after an error, or when a restart that was allowed did not come: up to the first, doubled to the last."""


class Background:
    """The thread that handles jobs. Every method may be called from any thread, unless it says otherwise."""

    def __init__(
        self,
        handle: "Callable[..., bool]",
        jobs: Jobs,
        device: Device,
        *,
        may_restart: "Callable[[], bool] | None" = None,
        job_cbk: "Callable[[Job], object] | None" = None,
        health_check: "Callable[[], bool] | None" = None,
        progress: Progress | None = None,
        policy: "Policy | None" = None,
    ) -> None:
        """Start the thread; `handle` is `fota.handle_fota_jobs`. *Raises* RuntimeError where no thread can start."""
        self.restart_wanted: threading.Event = threading.Event()
        """Set while an image is installed and waits for leave to restart; cleared when its job ended meanwhile."""
        self.problem: BaseException | None = None
        """What the last call of `handle_fota_jobs` raised; None when it raised nothing."""
        self._jobs = jobs
        self._device = device
        self._ask = may_restart
        self._is_allowed = False
        self._has_failed_to_answer = False
        self._tries = RetryTimer(machine, *_PAUSE_MS)
        self._tries.start()
        self._steering = Interruptible(progress)
        self._handle: Callable[..., bool] = partial(
            handle,
            jobs,
            disconnect_mqtt=False,
            job_cbk=job_cbk,
            health_check=health_check,
            progress=self._steering,
            device=device,
            may_restart=self._may_restart,
            policy=policy,
        )
        # A daemon: a program that ends must not wait for a download. It is stopped before the interpreter ends.
        self._thread = threading.Thread(target=self._run, name="aws-iot-fota", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    def allow_restart(self) -> None:
        """Let the device restart into the image that waits; from now on the process may end at any moment.

        So first save what must be saved. Does nothing unless `restart_wanted` is set: leave holds for that image
        alone. The restart follows within seconds, when AWS IoT says that the job still wants it; else never.
        """
        self._is_allowed = self.restart_wanted.is_set()

    def is_running(self) -> bool:
        """Whether the thread handles jobs; False after `stop`, and in a process that was forked."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """End the thread; returns whether it has ended within the time.

        *Blocks* until then, a second or two as a rule; a health check or callback of the program is waited for.
        A download that it ends goes on near that place when jobs are handled again: its job stays IN_PROGRESS.
        In the thread itself, as from a callback, it returns False, and the thread ends after that.
        """
        self._steering.stopping.set()
        if threading.current_thread() is self._thread:
            return False
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            atexit.unregister(self.stop)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._steering.begin()
        pauses = Backoff(*_PAUSE_MS)
        force = True
        while not self._steering.stopping.is_set():
            pause_s = _LOOK_EVERY_S
            try:
                self._turn(force)
                force = False
                pauses.reset()
            except Stopped:
                break
            except BaseException as error:  # noqa: BLE001 - a callback may even try to end the program; nobody would see it
                self.problem = error
                log("background-failed", problem=problem_of(error))
                pause_s += pauses.next_ms() / 1000
            self._steering.stopping.wait(pause_s)

    def _turn(self, force: bool) -> None:
        if not force and not self._jobs.policy_is_due():
            if not self._jobs.changed() and not self._is_restart_due():
                return
            # `changed` is True once only, and `handle_fota_jobs` asks it again.
            self._jobs.look_now()
        self._handle(force=force)
        self.problem = None
        self._note_what_is_wanted()

    def _is_restart_due(self) -> bool:
        """Whether a restart is wanted and allowed; seldom again while it does not come, as without a network."""
        if self._jobs.deferrals is not None and self._jobs.deferrals.any_open():
            # The policy said later: leave to restart changes nothing of that.
            return False
        if not self.restart_wanted.is_set() or not self._may_restart():
            return False
        is_due = self._tries.is_due()
        if is_due:
            self._tries.start()
        return is_due

    def _may_restart(self) -> bool:
        # Set before the program is asked: it may look at it.
        self.restart_wanted.set()
        if self._is_allowed or self._ask is None:
            return self._is_allowed
        try:
            return self._ask() is True
        except Exception as error:  # noqa: BLE001 - the program's own code; it is asked again
            if not self._has_failed_to_answer:
                log("may-restart-failed", problem=problem_of(error))
            self._has_failed_to_answer = True
            return False

    def _note_what_is_wanted(self) -> None:
        """Whether a restart into a new image is due is what record and journal say: a reset changes nothing of it."""
        try:
            verdict, entry = self._device.verdict(), self._device.update_on_record()
            is_installed = entry is not None and entry.stage == journal.INSTALLED
            is_wanted = verdict == trial.AWAITING_TRIAL or (
                verdict == trial.SETTLED
                and entry is not None
                and is_installed
                and not self._device.runs(entry.wanted)
            )
        except StorageFailed:
            # Nothing is known now; the next turn looks again.
            return
        if is_wanted:
            self.restart_wanted.set()
        else:
            self.restart_wanted.clear()
            self._is_allowed = self._has_failed_to_answer = False
            self._tries.reset()
            self._tries.start()
