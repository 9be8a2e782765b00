"""`fota-boot`: stands where the application used to, and starts the image of the slot that is due.

CPython only. The decision is `boot`'s; this module carries it out: the image is a child process, run in place
from its slot; it is started again when it asks for that, when it crashes, and from the old slot when its trial
is spent or too long. SIGTERM and SIGINT stop it; other signals are passed on.
"""

import argparse
import logging
import os
import signal
import subprocess
import sys
import time

from fota import boot, image
from fota._machine_cpython import RESTART_STATUS
from fota._provisioning_cpython import give_keyring, provision_home
from fota._signals_cpython import SignalPipe
from fota._storage_cpython import lock_path
from fota._streams_cpython import open_streams
from fota._systemd_cpython import Systemd
from fota.errors import FotaError
from fota.home import Home
from fota.log import log
from fota.releases import NO_KEYRING
from fota.storage import HomeLock
from fota.trust_errors import BadKeyring

MOST_ATTEMPTS = 10
DEFAULT_DEADLINE_S = 600
STOP_GRACE_S = 10
"""How long an image that was asked to end may take before it is killed."""

FIRST_DELAY_S = 1
MOST_DELAY_S = 60
STABLE_S = 60
"""An image that lived as long is started again without the delay of a crash loop."""

DEFAULT_SLOT_SIZE_BYTES = 256 << 20

_PASSED_ON = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGWINCH)
_STOPPING = (signal.SIGTERM, signal.SIGINT)


class Ended:
    """How one run of an image ended."""

    def __init__(self, *, status: int, cause: str, lived_s: float) -> None:
        self.status = status
        self.cause = cause
        self.lived_s = lived_s


class Supervisor:
    """Runs the images of one home, one after the other, until it is told to stop."""

    def __init__(
        self, home: Home, *, attempts: int, deadline_s: float, arguments: "list[str]", lock_descriptor: int
    ) -> None:
        self._home = home
        self._attempts = min(max(attempts, 1), MOST_ATTEMPTS)
        self._deadline_s = deadline_s
        self._arguments = arguments
        self._lock_descriptor = lock_descriptor
        # One that is ignored, as SIGHUP is by nohup, stays so, for the image too.
        passed_on = [number for number in _PASSED_ON if signal.getsignal(number) != signal.SIG_IGN]
        self._signals = SignalPipe((*passed_on, *_STOPPING))
        self._systemd = Systemd()
        self._stopping = False
        self._delay_s = 0.0

    def run(self) -> None:
        """Start images until told to stop. *Raises* NothingBootable, StorageFailed."""
        cause = "not-confirmed"
        while not self._stopping:
            slot = boot.choose(
                self._home.records, self._home.slots.count, self._proves, attempts=self._attempts, cause=cause
            )
            before = self._home.records.load()
            ended = self._run_image(slot)
            cause = ended.cause
            asked = ended.status == RESTART_STATUS and self._home.records.load() != before
            if not self._stopping and not asked and not self._on_trial(slot):
                self._pause(ended)
        self._systemd.stopping()

    def _proves(self, slot: int) -> bool:
        return image.proves_itself(self._home.slots, slot, memoryview(bytearray(1 << 16)))

    def _on_trial(self, slot: int) -> bool:
        record = self._home.records.load()
        return record is not None and record.trial_slot == slot == record.boot_slot

    def _run_image(self, slot: int) -> Ended:
        """Start the image of a slot and wait until it ends, is stopped, or its trial has lasted too long."""
        on_trial = self._on_trial(slot)
        log("boot", slot=slot, verdict="on-trial" if on_trial else "settled")
        started_s = time.monotonic()
        try:
            child = subprocess.Popen(  # noqa: S603 - the image proved itself a moment ago
                # Absolute, so that it never begins with a dash: Python would take it for an option.
                [sys.executable, os.path.abspath(self._home.slots.image_path(slot)), *self._arguments],
                env=self._environment(slot),
                start_new_session=True,
                pass_fds=(self._lock_descriptor,),
            )
        except OSError as error:
            # No memory for another process, for one: it may pass, and a device that gave up would be lost.
            log("image-ended", slot=slot, problem=error)
            return Ended(status=-1, cause="crashed", lived_s=0.0)
        self._systemd.ready(slot)
        deadline_s = started_s + self._deadline_s if on_trial else None
        cause = None
        while child.poll() is None:
            timeout_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
            self._pass_on(self._signals.wait(self._systemd.at_most(timeout_s)), child)
            self._systemd.alive()
            if self._stopping:
                self._stop(child)
            elif deadline_s is not None and time.monotonic() >= deadline_s:
                deadline_s = None
                # Stopped first, asked afterwards: an image that confirms at the last moment stays confirmed.
                if self._on_trial(slot):
                    self._stop(child)
                    cause = "deadline" if self._on_trial(slot) else None
        self._sweep(child)
        lived_s = time.monotonic() - started_s
        log("image-ended", slot=slot, status=child.returncode, lived_s=round(lived_s, 1))
        if cause is None:
            cause = "not-confirmed" if child.returncode == RESTART_STATUS or self._stopping else "crashed"
        return Ended(status=child.returncode, cause=cause, lived_s=lived_s)

    def _environment(self, slot: int) -> "dict[str, str]":
        environment = self._systemd.without_its_own(os.environ)
        environment["FOTA_HOME"] = os.path.abspath(self._home.path)
        environment["FOTA_SLOT"] = str(slot)
        return environment

    def _pass_on(self, signals: "list[int]", child: "subprocess.Popen[bytes] | None") -> None:
        for number in signals:
            if number in _STOPPING:
                self._stopping = True
            elif child is not None:
                child.send_signal(number)

    def _stop(self, child: "subprocess.Popen[bytes]") -> None:
        """Ask the image to end; kill it if it does not within the grace."""
        child.terminate()
        try:
            child.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            log("image-killed", status=-signal.SIGKILL)
            child.kill()
            child.wait()

    def _sweep(self, child: "subprocess.Popen[bytes]") -> None:
        """End what the image left running: two images must never run at once."""
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def _pause(self, ended: Ended) -> None:
        """Wait before a crashed image is started again: longer each time, until one has lived for long."""
        if ended.lived_s >= STABLE_S:
            self._delay_s = 0.0
            if ended.status == RESTART_STATUS:
                return
        self._delay_s = min(max(FIRST_DELAY_S, self._delay_s * 2), MOST_DELAY_S)
        log("restart-delayed", delay_s=self._delay_s)
        end_s = time.monotonic() + self._delay_s
        while not self._stopping and time.monotonic() < end_s:
            self._pass_on(self._signals.wait(self._systemd.at_most(end_s - time.monotonic())), None)
            self._systemd.alive()


def main(arguments: "list[str] | None" = None) -> int:
    """The command. Exit status: 0 stopped when asked to, 1 cannot go on or a doctor's error, 2 misused."""
    open_streams()
    parser = _parser()
    options = parser.parse_args(arguments)
    _refuse_what_does_not_go_together(parser, options)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s fota-boot: %(message)s")
    try:
        if options.doctor:
            # Late: no boot shall need it.
            from fota._doctor_cpython import examine, show

            return show(examine(options.home, options.thing, connect=options.connect), as_json=options.json)
        if options.factory is not None:
            provision_home(options)
        elif options.keyring is not None:
            give_keyring(options)
        else:
            _boot(options)
    except (FotaError, ValueError) as error:
        print(f"fota-boot: {error}", file=sys.stderr)  # noqa: T201 - the command's own voice
        return 1
    return 0


def _boot(options: argparse.Namespace) -> None:
    home = Home(options.home)
    lock = HomeLock(lock_path(options.home))
    lock.take()
    _tell_trust(home)
    supervisor = Supervisor(
        home,
        attempts=options.attempts,
        deadline_s=options.deadline,
        arguments=options.arguments,
        lock_descriptor=lock.descriptor,
    )
    supervisor.run()
    log("stopped", status=0)


def _tell_trust(home: Home) -> None:
    """Whoever reads the log of a device learns there whether it takes what is not signed."""
    try:
        if home.releases.keyrings.load() is None:
            log("unsigned-accepted", problem=NO_KEYRING)
    except BadKeyring as error:
        # It boots: a device that cannot be reached is worse than one that cannot be updated.
        log("keyring-lost", problem=error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fota-boot",
        description="Start the image that is due from the slots of a home folder; roll back one that fails.",
        epilog="Exit status: 0 stopped when asked to, 1 cannot go on (said on stderr) or an error found, 2 misused.",
    )
    parser.add_argument("--home", required=True, metavar="DIR", help="the folder of slots, record and journal")
    parser.add_argument(
        "--attempts",
        type=_count,
        default=boot.DEFAULT_ATTEMPTS,
        metavar="N",
        help=f"boots a new image has to be confirmed in, {MOST_ATTEMPTS} at most (default %(default)s)",
    )
    parser.add_argument(
        "--deadline",
        type=_count,
        default=DEFAULT_DEADLINE_S,
        metavar="SECONDS",
        help="how long each of these boots may last without a confirm (default %(default)s)",
    )
    factory = parser.add_argument_group("to provision a home folder, and end")
    factory.add_argument("--factory", metavar="IMAGE", help="the image that slot 0 begins with")
    factory.add_argument(
        "--keyring",
        metavar="FILE",
        help="take releases only that its keys have signed; alone, for a home that has none yet",
    )
    factory.add_argument("--slots", type=_count, default=2, metavar="N", help="default %(default)s")
    factory.add_argument(
        "--slot-size",
        type=_count,
        default=DEFAULT_SLOT_SIZE_BYTES,
        metavar="BYTES",
        help="the largest image a slot takes (default %(default)s)",
    )
    factory.add_argument(
        "--force", action="store_true", help="take a file system that may lose what was written to it"
    )
    doctor = parser.add_argument_group("to look at a device, which may be running, and end")
    doctor.add_argument(
        "--doctor", action="store_true", help="say what is wrong with it, and what to do; changes nothing"
    )
    doctor.add_argument("--thing", metavar="DIR", help="look at the certificate and the endpoint of this folder too")
    doctor.add_argument("--connect", action="store_true", help="open a session, which ends that of a running device")
    doctor.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("arguments", nargs="*", help="handed to the image; after a --")
    return parser


def _refuse_what_does_not_go_together(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends with status 2."""
    # As of a variable that is not set: it would be the root of the file system.
    if "" in (options.home, options.thing):
        parser.error("--home, --thing: expected a folder, got ''")
    if options.doctor and (options.factory is not None or options.keyring is not None):
        parser.error("--doctor changes nothing: not with --factory or --keyring")
    if not options.doctor and (options.thing is not None or options.connect or options.json):
        parser.error("--thing, --connect and --json go with --doctor")
    if options.connect and options.thing is None:
        parser.error("--connect needs --thing")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
