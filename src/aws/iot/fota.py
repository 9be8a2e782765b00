"""Firmware over the air, driven by AWS IoT jobs: the five functions of a program's own.

Thin: what a job leads to is `flow`'s, each step is `fota`'s.
"""

from aws.iot import document as documents
from aws.iot.errors import IotError
from aws.iot.flow import Flow
from fota import device as devices
from fota.download import Source
from fota.errors import Busy, StorageFailed
from fota.log import log
from fota.progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.document import FotaDocument
    from aws.iot.jobs import Job, Jobs
    from fota.device import Device
    from fota.releases import Admitted


def update(document: object, *, progress: "Progress | None" = None, device: "Device | None" = None) -> bool:
    """Download the firmware that a job document names into the spare slot, and prove it; True.

    *Blocks* until done or failed. Nothing is erased or written for a document that is refused.
    *Raises* Refused, Failed, NotProvisioned.
    """
    device = device or devices.current()
    with device.turn:
        device.require_no_trial()
        asked, admitted, slot = _admitted(document, device)
        if not device.installer.holds(slot, admitted.wanted):
            device.installer.install(Source(asked.url), admitted.wanted, slot, progress or Progress())
        device.keep_release(slot, admitted.envelope)
    return True


def test(document: object, *, device: "Device | None" = None) -> None:
    """After a successful `update`: the firmware starts at the next reset, on trial. Survives a reset.

    *Raises* Refused, HashMismatch when the slot does not hold that firmware, Busy during a trial or an update.
    """
    device = device or devices.current()
    with device.turn:
        device.require_no_trial()
        _, admitted, slot = _admitted(document, device)
        device.begin_trial(slot, admitted.wanted)


def confirm(*, device: "Device | None" = None) -> None:
    """Make the new firmware final; called by the new firmware. Does nothing when it is so already.

    Without it the old firmware starts at the next reset. Survives a reset.
    """
    (device or devices.current()).confirm()


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
    progress: told what happens; see `fota.progress.Progress`.

    Returns True when a restart is needed and `auto_reset` is off. A lost connection or a disk that fails is no error
    here: what is left to do is tried again at a later call. *Raises* NotProvisioned.
    """
    if not jobs.changed() and not force:
        return False
    device, progress = device or devices.current(), progress or Progress()
    flow = Flow(jobs, device, progress, disconnects=disconnect_mqtt)
    try:
        with device.turn:
            restart_is_due = flow.run(health_check, job_cbk)
    except Busy:
        jobs.put_off()
        raise
    except (IotError, StorageFailed) as error:
        log("put-off", problem=error, delay_ms=jobs.put_off())
        return False
    jobs.nothing_left()
    if restart_is_due and auto_reset:
        log("restarting")
        progress.restarting()
        device.restart()
    if restart_is_due:
        # Said again at a later call, until it is done.
        jobs.put_off()
    return restart_is_due


def _admitted(document: object, device: "Device") -> "tuple[FotaDocument, Admitted, int]":
    """What a document asks for, what of that this device takes, and the slot that it goes to. *Raises* Refused."""
    asked = documents.parse(document)
    admitted = device.releases.admit(asked.wanted, asked.slot, asked.envelope)
    return asked, admitted, device.slot_for(admitted.slot, admitted.wanted.size_bytes)
