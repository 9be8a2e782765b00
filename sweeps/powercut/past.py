"""What a run knows that no disk remembers, and how a run ends when something is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from sweeps.powercut.scenarios import FACTORY

PROBATION_BOOTS = 3
"""Healthy boots before the security version of an image is demanded: more are not counted."""


class Violation(Exception):
    """Something is not as it must be. `check` is the invariant's short name."""

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"{check}: {message}")
        self.check = check
        self.steps: list[str] = []
        """What was done before it, in a replay."""


class AtRest(Exception):
    """No more can be asked of the device: what was destroyed is what it would need."""


@dataclass(frozen=True)
class Past:
    """What has happened so far and no disk remembers: it goes along with a state across its power cuts."""

    confirmed: tuple[str, ...] = (FACTORY.name,)
    """Images whose confirm has returned, in that order; the factory image counts as the first."""
    trial_boots: tuple[tuple[str, int], ...] = ()
    """How often each image was started while unconfirmed."""
    trials_spoiled: tuple[tuple[str, int], ...] = ()
    """How often each was stopped by a power cut or its deadline while on trial: no fault of its own."""
    fetched: tuple[str, int] = ("", 0)
    """The image that comes now, and how far it has come; nothing once a job has ended."""
    healthy_boots: tuple[tuple[str, int], ...] = ()
    """In how many boots each healthy image has reached the cloud, as far as that matters."""
    keyring_version: int = 0
    """The newest keyring that was reported to be in force."""
    cuts: int = 0
    harm: str = ""
    """What was destroyed that no power cut destroys: what was lost with it cannot be told truly any more."""

    @property
    def is_damaged(self) -> bool:
        """Whether anything was."""
        return bool(self.harm)

    @property
    def has_lost_an_image(self) -> bool:
        """Whether what was destroyed is an image: the one that is left may be no good."""
        return ".img=" in self.harm

    @property
    def has_lost_the_keyring(self) -> bool:
        """Whether both copies of it were destroyed."""
        return self.harm.startswith("keyring=")

    def booted_on_trial(self, name: str) -> Past:
        """One start more of an unconfirmed image."""
        return replace(self, trial_boots=_counted(self.trial_boots, name))

    def was_well(self, name: str) -> Past:
        """One healthy boot more."""
        if count(self.healthy_boots, name) >= PROBATION_BOOTS:
            return self
        return replace(self, healthy_boots=_counted(self.healthy_boots, name))

    def spoiled(self, name: str) -> Past:
        """One trial more that ended without the image's fault."""
        return replace(self, trials_spoiled=_counted(self.trials_spoiled, name))

    def with_confirmed(self, name: str) -> Past:
        """The image is final."""
        return self if name == self.confirmed[-1] else replace(self, confirmed=(*self.confirmed, name))


NOTHING_YET = Past()


def count(counts: tuple[tuple[str, int], ...], name: str) -> int:
    """How often something has happened to an image."""
    return dict(counts).get(name, 0)


def _counted(counts: tuple[tuple[str, int], ...], name: str) -> tuple[tuple[str, int], ...]:
    return tuple((Counter(dict(counts)) + Counter({name: 1})).items())
