"""The history of a case, which no disk remembers, and the exceptions that end a case early."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from sweeps.powercut.scenarios import BUFFER_BYTES, FACTORY

PROBATION_BOOTS = 3
"""The device demands the security version of an image after this number of healthy boots; more are not counted."""

MAX_CRASHES = 3
"""The device gives a confirmed image up after this number of crashes in a row, until the probation is over."""

MAX_FETCHED_AGAIN_BYTES = 2 * BUFFER_BYTES
"""The journal notes the bytes at every buffer, and the last note may be cut."""


class Violation(BaseException):
    """An invariant does not hold. `check` is its short name, such as I1.

    No Exception, so that the flow that is looked at does not handle it.
    """

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check
        self.steps: list[str] = []
        """The steps before it, in a replay."""


class AtRest(BaseException):
    """The device has lost what it needs to go on, so no check can ask more of it."""


@dataclass(frozen=True)
class History:
    """What has happened so far and no disk remembers. A state carries it across power cuts."""

    confirmed: tuple[str, ...] = (FACTORY.name,)
    """Images whose confirm has returned, in that order; the factory image counts as the first."""
    trial_boots: tuple[tuple[str, int], ...] = ()
    """How often each image was started while unconfirmed."""
    trials_spoiled: tuple[tuple[str, int], ...] = ()
    """How often each was stopped by a power cut or its deadline while on trial: the image is not to blame."""
    fetched: tuple[str, int] = ("", 0)
    """The image that is being downloaded, and how many bytes have come; empty when a job has ended."""
    came_bytes: int = 0
    """All bytes of images that have come, those that came twice included."""
    healthy_boots: tuple[tuple[str, int], ...] = ()
    """In how many boots each healthy image has reached the cloud; counted up to `PROBATION_BOOTS`."""
    crashes: int = 0
    """How often in a row the image that was confirmed last has crashed since."""
    may_fall_back: bool = False
    """Whether an image has crashed so often in its probation that it is given up."""
    keyring_version: int = 0
    """The newest keyring that was reported to be in force."""
    cuts: int = 0
    harm: str = ""
    """What was destroyed that no power cut destroys; after that a true report is no longer possible."""

    @property
    def is_damaged(self) -> bool:
        """Whether anything was destroyed."""
        return bool(self.harm)

    @property
    def has_lost_an_image(self) -> bool:
        """Whether an image was destroyed: the one that is left may be a bad one."""
        return ".img=" in self.harm

    @property
    def has_lost_a_tree(self) -> bool:
        """Whether a tree, or what says that it is whole, was destroyed; the image is still there."""
        parts = ("program", "package", "more", "unpacked", "files", "tree")
        return self.harm.startswith("every-tree") or any(f".{part}=" in self.harm for part in parts)

    @property
    def has_lost_every_seal(self) -> bool:
        """Whether all seals were destroyed, and maybe the record with them."""
        return self.harm.startswith("every-seal")

    @property
    def has_lost_the_keyring(self) -> bool:
        """Whether both copies of the keyring were destroyed."""
        return self.harm.startswith("keyring=")

    def came(self, url: str, end: int, count_bytes: int) -> History:
        """The last bytes of an image up to `end` have come."""
        return replace(self, fetched=(url, end), came_bytes=self.came_bytes + count_bytes)

    def may_have_counted(self, count_bytes: int) -> bool:
        """Whether a device that keeps account of what it fetches may have come to that number."""
        return 0 <= self.came_bytes - count_bytes <= self.cuts * MAX_FETCHED_AGAIN_BYTES

    def booted_on_trial(self, name: str) -> History:
        """An unconfirmed image was started once more."""
        return replace(self, trial_boots=_counted(self.trial_boots, name))

    def was_well(self, name: str) -> History:
        """An image had one more healthy boot."""
        if count(self.healthy_boots, name) >= PROBATION_BOOTS:
            return self
        return replace(self, healthy_boots=_counted(self.healthy_boots, name))

    def crashed(self) -> History:
        """The image that was confirmed last has crashed once more."""
        crashes = self.crashes + 1
        return replace(self, crashes=crashes, may_fall_back=self.may_fall_back or crashes >= MAX_CRASHES)

    def spoiled(self, name: str) -> History:
        """One more trial ended, and the image is not to blame."""
        return replace(self, trials_spoiled=_counted(self.trials_spoiled, name))

    def with_confirmed(self, name: str) -> History:
        """The image was confirmed."""
        if name == self.confirmed[-1]:
            return self
        return replace(self, confirmed=(*self.confirmed, name), crashes=0)


NOTHING_YET = History()


def count(counts: tuple[tuple[str, int], ...], name: str) -> int:
    """How often something has happened to an image."""
    return dict(counts).get(name, 0)


def _counted(counts: tuple[tuple[str, int], ...], name: str) -> tuple[tuple[str, int], ...]:
    return tuple((Counter(dict(counts)) + Counter({name: 1})).items())
