"""The stories whose homes are kept as fixtures. Each is a function: what it does is what happened to the device.

The job of a home is named after it: `job_of`. Leaves to others: packing (`make_homes`), what happens to a home that
was kept (`home_afterwards`).
"""

from collections.abc import Callable
from pathlib import Path

import vector_parts as parts
from home_device import HomeDevice, firmware, release

from fota_testing.jobs.faults import LOST_BEFORE

FACTORY, SECOND, THIRD = firmware("1"), firmware("2"), firmware("3")
CUT_AT_BYTES = 500
_GARBAGE = b"\xa5" * 4096


def job_of(name: str) -> str:
    """The id of the newest job of a home."""
    return f"job-of-{name}"


def fresh(_device: HomeDevice, _job: str) -> None:
    """It left the factory, and was never switched on."""


def confirmed(device: HomeDevice, job: str) -> None:
    """One update was confirmed, and reported."""
    device.boot()
    device.update(job, SECOND)


def awaiting_trial(device: HomeDevice, job: str) -> None:
    """The new image is in its slot, and due; the device has not restarted yet."""
    device.boot()
    device.offer(job, SECOND)
    device.look()


def on_trial(device: HomeDevice, job: str) -> None:
    """The new image was started once, and lost its power before it was confirmed."""
    awaiting_trial(device, job)
    device.boot()


def rolled_back(device: HomeDevice, job: str) -> None:
    """The new image crashed; the old one was started, and has not reported that yet."""
    on_trial(device, job)
    device.boot(cause="crashed")


def unhealthy(device: HomeDevice, job: str) -> None:
    """The new image was refused by its own health check; the old one was not started yet."""
    on_trial(device, job)
    device.look(is_well=False)


def known_bad(device: HomeDevice, job: str) -> None:
    """The new image crashed, and the job has failed: its digests are remembered as bad."""
    rolled_back(device, job)
    device.look()


def half_done(device: HomeDevice, job: str) -> None:
    """The power went in the middle of the download."""
    device.boot()
    device.offer(job, SECOND)
    device.server.cut_at = CUT_AT_BYTES
    device.look()


def failed(device: HomeDevice, job: str) -> None:
    """The download failed, and the report of that never reached the service."""
    device.boot()
    device.offer(job, SECOND)
    device.server.is_down = True
    device.service.expect("update", LOST_BEFORE, status="FAILED", times=50)
    device.look()


def damaged_record(device: HomeDevice, job: str) -> None:
    """One copy of the boot record, the newer one, was lost after an update."""
    confirmed(device, job)
    (device.home / "record-1").write_bytes(_GARBAGE)


def lost_record(device: HomeDevice, job: str) -> None:
    """Both copies of the boot record were lost after an update; both images are whole."""
    damaged_record(device, job)
    (device.home / "record-0").write_bytes(_GARBAGE)


def signed(_device: HomeDevice, _job: str) -> None:
    """It has a keyring, and was never switched on."""


def signed_confirmed(device: HomeDevice, job: str) -> None:
    """A signed release was confirmed: an older sequence number is refused from then on."""
    device.boot()
    device.update(job, SECOND, envelope=release(SECOND, seq=7))


def signed_raised(device: HomeDevice, job: str) -> None:
    """The confirmed release was well in its first boots: the security version has risen to its own."""
    signed_confirmed(device, job)
    for _ in range(3):
        device.boot()
        device.look()


def signed_half_done(device: HomeDevice, job: str) -> None:
    """The power went in the middle of the download of a signed release."""
    device.boot()
    device.offer(job, SECOND, envelope=release(SECOND, seq=7))
    device.server.cut_at = CUT_AT_BYTES
    device.look()


def signed_awaiting_trial(device: HomeDevice, job: str) -> None:
    """A signed release is in its slot, and due; the device has not restarted yet."""
    device.boot()
    device.offer(job, SECOND, envelope=release(SECOND, seq=7))
    device.look()


def signed_rotated(device: HomeDevice, job: str) -> None:
    """The keyring was replaced by a job: the first key is trusted no more, the second one is."""
    device.boot()
    following = parts.keyring("second", version=2)
    device.service.create(job, parts.keyring_document(following, ("first", "second")))
    device.look()


Story = Callable[[HomeDevice, str], None]
STORIES: tuple[Story, ...] = (
    fresh,
    confirmed,
    awaiting_trial,
    on_trial,
    rolled_back,
    unhealthy,
    known_bad,
    half_done,
    failed,
    damaged_record,
    lost_record,
    signed,
    signed_confirmed,
    signed_raised,
    signed_half_done,
    signed_awaiting_trial,
    signed_rotated,
)


def name_of(story: Story) -> str:
    """The name of the home that a story leaves behind."""
    return story.__name__.replace("_", "-")


def play(story: Story, folder: Path) -> HomeDevice:
    """The device as the story leaves it; its home is a new folder of the story's name in `folder`."""
    name = name_of(story)
    device = HomeDevice(folder / name)
    options: tuple[str, ...] = ()
    if name.startswith("signed"):
        keyring = folder / f"{name}-keyring.json"
        keyring.write_bytes(parts.encoded(parts.keyring()))
        options = ("--keyring", str(keyring))
    device.provision(FACTORY, *options)
    story(device, job_of(name))
    return device
