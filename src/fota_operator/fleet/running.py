"""What a thing runs, as far as AWS knows, and which things are meant. Values and rules; pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fota_operator.account.names import MADE_AT
from fota_operator.errors import BadInput
from fota_operator.fleet.said_state import NO_VERSION, OLDER_THING, Doubt, Doubtful, SaidState
from fota_operator.fleet.versions import VersionRule, verdict_of
from fota_operator.things.connectivity import ThingConnection
from fota_operator.things.names import THING_NAME

NOTHING_SAID = SaidState()
_SKEW_S = 300
"""AWS takes no request of a clock that is further away from its own; `MADE_AT` is by the operator's clock."""


@dataclass(frozen=True)
class RunningThing:
    """A thing. With a `doubt` it is not known what it runs, and `said` holds no version.

    `connection` and `groups` None: AWS does not say. `deferred` is why it puts an update off; None: it does not.
    `maybe_deferred`: it has an update under way that was not looked at.
    """

    name: str
    said: SaidState
    doubt: Doubt | None = None
    connection: ThingConnection | None = None
    groups: tuple[str, ...] | None = None
    deferred: str | None = None
    maybe_deferred: bool = False


@dataclass(frozen=True)
class FleetFilter:
    """Which things are meant: those for which everything holds that is given.

    `group`: the things of this group itself. `silent_s`: not connected for at least that many seconds. `deferred`:
    they put an update off. `unknown`: it is not known which version they run.
    """

    versions: tuple[VersionRule, ...] = ()
    product: str | None = None
    group: str | None = None
    silent_s: int | None = None
    deferred: bool = False
    unknown: bool = False

    def __post_init__(self) -> None:
        if self.group is not None and re.fullmatch(THING_NAME, self.group) is None:
            raise BadInput(f"`group`: {self.group!r} is no name of a thing group", "look at its name")

    def verdict(self, thing: RunningThing, now: datetime) -> bool | None:
        """Whether a thing is meant; None: that is not known of it."""
        verdicts = [*self._of_image(thing)]
        if self.silent_s is not None:
            verdicts.append(_is_silent(thing.connection, self.silent_s, now))
        if self.deferred:
            verdicts.append(True if thing.deferred is not None else None if thing.maybe_deferred else False)
        if self.unknown:
            verdicts.append(thing.doubt is not None)
        return False if False in verdicts else None if None in verdicts else True

    def _of_image(self, thing: RunningThing) -> list[bool | None]:
        said, verdicts = thing.said, list[bool | None]()
        if self.versions:
            verdicts.append(None if said.version is None else verdict_of(self.versions, said.version))
        if self.product is not None:
            verdicts.append(None if said.product is None else said.product == self.product)
        return verdicts


EVERYTHING = FleetFilter()


def running_thing(
    name: str,
    said: SaidState | Doubtful,
    *,
    attributes: Mapping[str, str] | None = None,
    connection: ThingConnection | None = None,
    groups: tuple[str, ...] | None = None,
) -> RunningThing:
    """A thing by what its shadow says, or why it says nothing."""
    if isinstance(said, Doubtful):
        return RunningThing(name, NOTHING_SAID, said.doubt, connection, groups)
    if _is_older(said, attributes or {}):
        return RunningThing(name, NOTHING_SAID, Doubtful(OLDER_THING).doubt, connection, groups)
    doubt = Doubtful(NO_VERSION).doubt if said.version is None else None
    return RunningThing(name, said, doubt, connection, groups)


def _is_older(said: SaidState, attributes: Mapping[str, str]) -> bool:
    """Whether the shadow was written before the thing was registered: AWS keeps shadows of removed things."""
    made_at = attributes.get(MADE_AT, "")
    if said.reported_at is None or not made_at.isdecimal() or not made_at.isascii() or len(made_at) > 11:
        return False
    return said.reported_at.timestamp() < int(made_at) - _SKEW_S


def _is_silent(connection: ThingConnection | None, silent_s: int, now: datetime) -> bool | None:
    if connection is None:
        return None
    if connection.connected:
        return False
    return connection.since is None or (now - connection.since).total_seconds() >= silent_s
