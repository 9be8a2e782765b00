"""What a fault is, how long it lasts, and the outcomes that are right; `rows` has the list."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sweeps.faults.halves import HALVES

PASSING_S = (20, 75, 600)
LASTING_S = 10_800

UPDATED = "updated"
ENDED = "ended by the cloud"
OFFLINE, NOT_STARTED, NOT_CONFIRMED = "rolled-back offline", "rolled-back not-started", "rolled-back not-confirmed"
UNREACHABLE, TIMEOUT = "failed unreachable", "failed download-timeout"
CRASHED, HUNG, FELL_BACK = "rolled-back crashed", "rolled-back hung", "fell back"
STATUS, STORAGE, NO_SPACE = "failed http-status", "failed storage-failed", "failed no-space"

OUTCOMES = {
    UPDATED: "The job is SUCCEEDED, and the new image runs and is final.",
    ENDED: "The operator or the service ended the job; the old image runs, or the new one if it was final by then.",
    "failed REASON": "The job is FAILED with that reason; the old image runs, and takes the image from another job.",
    "rolled-back CAUSE": "The same after a trial; the cause is none that speaks against the image.",
    CRASHED: "After a trial of an image that crashes: the cloud is told the error, another image is taken.",
    HUNG: "The same for an image that promised a heartbeat and hangs.",
    FELL_BACK: "The job was SUCCEEDED, its image crashed or hung later; the old one runs, and the shadow says so.",
}


@dataclass(frozen=True)
class Row:
    """A fault."""

    name: str
    group: str
    about: str
    kinds: tuple[str, ...]
    """What goes wrong, as the parts of the virtual world name it."""
    lasts_s: int = 0
    """0: it happens once."""
    outcomes: tuple[str, ...] = (UPDATED,)
    """How the job may end, whenever the fault began."""
    in_trial: tuple[str, ...] = ()
    """How it may end besides, if the fault began not later than in the trial."""
    halves: tuple[str, ...] = HALVES
    at: tuple[str, ...] = ()
    """The steps at which it begins; empty: every one."""
    meanwhile: str = ""
    """What happens besides, a while after it began."""
    has_policy: bool = False
    """Whether the program has a policy, which says now while nothing is wrong with it."""
    is_proxied: bool = False
    """Whether the server of images is reached through a proxy, before the fault and after it too."""
    is_keyed: bool = False
    """Whether the device was provisioned with a keyring, and the release is signed."""
    ways: tuple[str, ...] = ()
    """How the image may come, as the job is told: the way, and why it is whole. Empty: the job offers no patch."""
    never_whole: bool = False
    """Whether the job forbids the whole image."""
    is_whole: bool = False
    """Whether it lasts its time in any case; otherwise it ends when the device has been at rest for long."""

    @property
    def family(self) -> str:
        """The name without the duration."""
        return self.name.partition("@")[0]


def lasting(row: Row, seconds: tuple[int, ...]) -> list[Row]:
    """The same fault for each of these durations."""
    return [replace(row, name=f"{row.name}@{s}s", lasts_s=s) for s in seconds]


def cut(
    name: str, about: str, group: str = "network", download: tuple[str, ...] = (UNREACHABLE, TIMEOUT)
) -> list[Row]:
    """What keeps the device from the network, or from TLS; `download`: how a download may end in the longest."""
    row = Row(name, group, about, (name,))
    return [
        *lasting(row, (20, 75)),
        *lasting(replace(row, in_trial=(OFFLINE,)), (600,)),
        *lasting(replace(row, outcomes=(UPDATED, *download), in_trial=(OFFLINE,)), (LASTING_S,)),
    ]


def once(name: str, group: str, about: str, *outcomes: str, halves: tuple[str, ...] = HALVES) -> list[Row]:
    """What happens once."""
    return [Row(name, group, about, (name,), outcomes=outcomes or (UPDATED,), halves=halves)]
