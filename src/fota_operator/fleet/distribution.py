"""How many things run which version. Counts as things come; the things themselves are not kept."""

from collections import Counter
from dataclasses import dataclass, field

from fota_operator.fleet.running import RunningThing
from fota_operator.fleet.said_state import NO_VERSION

MAX_VERSIONS = 1000
"""How many versions are counted apart; a device can say any."""


@dataclass(frozen=True)
class CountedVersion:
    """How many things run a version of a product; `product` None: they do not say. `on_trial` of them try it."""

    product: str | None
    version: str
    things: int
    on_trial: int


@dataclass
class Distribution:
    """The counts. `others`: things whose versions are not counted apart. `doubts` by kind, with one thing of each."""

    things: int = 0
    others: int = 0
    connected: int = 0
    offline: int = 0
    doubts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    _versions: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    _on_trial: Counter[tuple[str | None, str]] = field(default_factory=Counter)

    def add(self, thing: RunningThing) -> None:
        """Count one thing."""
        self.things += 1
        if thing.connection is not None:
            self.connected += thing.connection.connected
            self.offline += not thing.connection.connected
        if thing.doubt is not None:
            self.doubts[thing.doubt.kind] += 1
            self.examples.setdefault(thing.doubt.kind, thing.name)
            return
        key = (thing.said.product, thing.said.version or NO_VERSION)
        if key not in self._versions and len(self._versions) >= MAX_VERSIONS:
            self.others += 1
            return
        self._versions[key] += 1
        self._on_trial[key] += thing.said.state == "on-trial"

    @property
    def connection_not_known(self) -> int:
        """How many things AWS says nothing of: neither connected nor offline."""
        return self.things - self.connected - self.offline

    def versions(self) -> tuple[CountedVersion, ...]:
        """The versions, the most frequent first."""
        ordered = sorted(self._versions.items(), key=lambda one: (-one[1], one[0][0] or "", one[0][1]))
        return tuple(CountedVersion(*key, count, self._on_trial[key]) for key, count in ordered)
