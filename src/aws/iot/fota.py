"""Firmware over the air, driven by AWS IoT jobs: the functions that a program calls.

This layer is thin: `flow` decides what a job leads to, and `fota` does each step.
"""

from aws.iot import document as documents
from aws.iot.errors import IotError, NotConnected
from aws.iot.flow import Flow
from aws.iot.reports import unexpected
from fota import boot_note, machine
from fota import device as devices
from fota.errors import Busy, DeviceError, FotaError, StorageFailed
from fota.log import log, problem_of
from fota.machine import INTERPRETER
from fota.progress import Progress, guarded
from fota.transfer.download import Source
from fota.waiting import Listening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.background_cpython import Background
    from aws.iot.document import FotaDocument
    from aws.iot.jobs import Job, Jobs
    from fota.device import Device
    from fota.policy import Policy
    from fota.trust.releases import Admitted


def update(document: object, *, progress: "Progress | None" = None, device: "Device | None" = None) -> bool:
    """Download the firmware that a job document names into the spare slot, and verify it; returns True.

    *Blocks* until done or failed. Nothing is erased or written for a document that is refused.
    *Raises* Refused, Failed, NotProvisioned; an error that nobody expected as InternalError, with it as `cause`.
    """
    device = device or devices.current()
    progress = guarded(progress or Progress())
    try:
        with Listening(progress), device.update_lock:
            device.require_no_trial()
            asked, admitted, slot = _admitted(document, device)
            if not device.holds(slot, admitted.wanted):
                source, tree_bytes = Source(asked.url), admitted.tree_bytes
                device.install(source, admitted.wanted, slot, progress, tree_bytes=tree_bytes)
            device.keep_release(slot, admitted.envelope)
    except Exception as error:  # noqa: BLE001 - a program that calls this need not know what is below it
        raise error if isinstance(error, FotaError) else unexpected(error)
    return True


def test(document: object, *, device: "Device | None" = None) -> None:
    """Call it after a successful `update`: the firmware starts at the next reset, on trial. Survives a reset.

    *Raises* Refused, HashMismatch when the slot does not hold that firmware, Busy during a trial or an update; and
    StorageFailed, NotProvisioned, InternalError as `update` does.
    """
    device = device or devices.current()
    try:
        with device.update_lock:
            device.require_no_trial()
            _, admitted, slot = _admitted(document, device)
            device.begin_trial(slot, admitted.wanted)
    except Exception as error:  # noqa: BLE001 - as in `update`
        raise error if isinstance(error, FotaError) else unexpected(error)


def confirm(*, device: "Device | None" = None) -> None:
    """Make the new firmware final; the new firmware calls it. Does nothing when it is final already.

    Without this call the old firmware starts at the next reset. Survives a reset.
    """
    (device or devices.current()).confirm()


def alive(within_s: "float | None" = None) -> None:
    """Say that the program still works. The first call is a promise: call it in the program's loop from then on.

    A program that is silent for longer than `within_s` seconds after that is ended and started again by `fota-boot`,
    and on trial rolled back as `hung`. None: the time is that of `fota-boot --heartbeat`. While `update` and
    `handle_fota_jobs` block this thread, they keep the promise.

    Costs microseconds, since most calls send nothing; *blocks* for 0.2 s at most, if the listener is late. Does
    nothing where nobody listens, and on MicroPython: there, feed the board's watchdog.
    *Raises* ValueError for a time outside of 0.1 to 86400 s.
    """
    machine.alive(within_s)


def reset(*, device: "Device | None" = None) -> None:
    """Restart the device; does not return. *Raises* NotProvisioned outside of `fota-boot`."""
    (device or devices.current()).restart()


def handle_fota_jobs(
    jobs: "Jobs",
    force: bool = False,
    disconnect_mqtt: bool = True,
    auto_reset: bool = True,
    job_cbk: "Callable[[Job], object] | None" = None,
    *,
    health_check: "Callable[[], bool] | None" = None,
    progress: "Progress | None" = None,
    device: "Device | None" = None,
    may_restart: "Callable[[], bool] | None" = None,
    policy: "Policy | None" = None,
) -> bool:
    """Carry out the firmware jobs that wait, or finish the one that led to this boot.

    Call it once with `force=True` after connecting, then from the program's loop: with nothing to do it costs
    microseconds and no network. With something to do it *blocks* until that is done.

    force: ask for jobs even without a notification.
    disconnect_mqtt: close the MQTT connection during a download, and open it again afterwards: one TLS session
        at a time. False keeps it, tells the service of the progress, and notices a cancelled job.
    auto_reset: restart when the flow needs it, and so not return. False: return True instead.
    job_cbk: is given every other job, as a `Job`. What it raises is logged and ends neither loop nor device.
    health_check: called on the first boots of a new image, once AWS IoT has answered it. The image is confirmed
        if it returns True; if it returns anything else or raises, the device goes back to the old image.
    progress: an object whose methods are called at each step; see `fota.progress.Progress`.
    may_restart: asked once the image is installed. Only True begins the trial and restarts; until then the job says
        `waiting-for-restart`, nothing is lost by a reset, and each look at the job asks again.
    policy: a function that is asked before a firmware job is begun, and before the restart; it answers now, later or
        no, see `fota.policy`. What it raises puts the update off. Jobs of other kinds are not asked about.

    Returns True when a restart is needed and `auto_reset` is off. A lost connection, a disk that fails or an error
    that nobody expected raises nothing here: the connection is opened again, and what is left to do is tried again
    at a later call. *Raises* NotProvisioned; Busy while another thread updates, and in a callback.
    """
    looks = jobs.changed() or force
    if not looks and not jobs.policy_is_due():
        return False
    if force:
        jobs.others = {}
    progress = guarded(progress or Progress())
    with Listening(progress):
        try:
            device = device or devices.current()
            flow = Flow(jobs, device, progress, disconnects=disconnect_mqtt, may_restart=may_restart, policy=policy)
            with device.update_lock:
                if not looks and flow.is_put_off():
                    return False
                restart_is_due = flow.run(health_check, job_cbk)
        except BaseException as error:
            # An interrupt too leaves work, and maybe a closed connection: a later call must look again.
            delay_ms = jobs.put_off()
            if isinstance(error, IotError):
                boot_note.offline()
            if isinstance(error, (Busy, DeviceError)) or not isinstance(error, Exception):
                raise
            expected = isinstance(error, (IotError, StorageFailed))
            log("put-off", problem=error if expected else problem_of(error), delay_ms=delay_ms)
            if not isinstance(error, NotConnected):
                jobs.try_to_reconnect()
            return False
        jobs.nothing_left()
        if restart_is_due:
            # A later call returns it again, until the restart happened.
            jobs.put_off()
        if restart_is_due and auto_reset:
            log("restarting")
            progress.restarting()
            device.restart()
        return restart_is_due


if TYPE_CHECKING or INTERPRETER == "cpython":
    from aws.iot.aio_cpython import Aio

    aio: "Aio" = Aio(handle_fota_jobs)
    """`await aio.handle_fota_jobs(...)`: the same for a program with asyncio. CPython only."""

    def start_background(
        jobs: "Jobs",
        *,
        may_restart: "Callable[[], bool] | None" = None,
        job_cbk: "Callable[[Job], object] | None" = None,
        health_check: "Callable[[], bool] | None" = None,
        progress: "Progress | None" = None,
        device: "Device | None" = None,
        policy: "Policy | None" = None,
    ) -> "Background":
        """Call `handle_fota_jobs` in a thread, from now on; MQTT stays open, and the program goes on. CPython only.

        The arguments are those of `handle_fota_jobs`; what they are is called in the thread. Without `may_restart`
        the device restarts into a new image when the program calls `Background.allow_restart`.
        Does not block. *Raises* NotProvisioned.
        """
        # Imported late: most programs have no use for it.
        from aws.iot.background_cpython import Background

        return Background(
            handle_fota_jobs,
            jobs,
            device or devices.current(),
            may_restart=may_restart,
            job_cbk=job_cbk,
            health_check=health_check,
            progress=progress,
            policy=policy,
        )

else:

    def start_background(*_: object, **__: object) -> None:
        """On CPython alone there is a thread for it. *Raises* NotImplementedError."""
        raise NotImplementedError("start_background needs CPython: call handle_fota_jobs from the loop")


def _admitted(document: object, device: "Device") -> "tuple[FotaDocument, Admitted, int]":
    """The request of a document, the release to install, and the slot that it goes to. *Raises* Refused."""
    asked = documents.parse(document)
    admitted = device.admit(asked.wanted, asked.slot, asked.envelope)
    return asked, admitted, device.slot_for(admitted.slot, admitted.wanted.size_bytes)
