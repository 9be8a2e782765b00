"""Which things will refuse a release, by what their devices say that they run. Reads shadows; changes nothing.

It is judged by the device's own code. A device that says nothing, or what cannot be, is counted as not known: only
the device decides in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fota.trust.errors import NotTrusted
from fota.trust.floor import Floor
from fota.trust.keyring import Keyring
from fota.trust.manifest import Manifest
from fota_operator.cloud import Cloud
from fota_operator.fleet.one_by_one import ShadowReader
from fota_operator.fleet.said_state import Doubtful, SaidState
from fota_operator.rate_limiter import WallClock
from fota_operator.rollouts.passing import ROLLED_BACK

_NO_EVIDENCE = ("offline", "not-started", "not-confirmed", "wrong-runtime", "image-damaged")
"""Causes of a rollback after which the device may try the same image again."""


@dataclass(frozen=True)
class LikelyRefusal:
    """A thing that will refuse the release: the reason that it will give, and why that is so."""

    thing: str
    reason: str
    why: str


@dataclass(frozen=True)
class Offered:
    """The release that is to be offered; `insist`: known-bad images are tried again. `keyring` None: not known."""

    manifest: Manifest
    keyring: Keyring | None
    insist: bool


def likely_refusals(
    cloud: Cloud, things: Sequence[str], offered: Offered, clock: WallClock
) -> tuple[tuple[LikelyRefusal, ...], int]:
    """Those of the things that will refuse it, and of how many it is not known what they run.

    A request for each thing. *Raises* CloudRefused, CloudUnreachable.
    """
    reader = ShadowReader(cloud, clock)
    try:
        states = reader.read(things)
    finally:
        reader.close()
    found = (
        refusal_by(thing, said, offered)
        for thing, said in zip(things, states, strict=True)
        if isinstance(said, SaidState)
    )
    unknown = sum(isinstance(said, Doubtful) or said.version is None for said in states)
    return tuple(one for one in found if one is not None), unknown


def refusal_by(thing: str, said: SaidState, offered: Offered) -> LikelyRefusal | None:
    """Why a device that says this will refuse the release; None if nothing is known that would make it. Pure."""
    manifest, failure = offered.manifest, said.last_failure
    if said.product is not None and said.product != manifest.product:
        return LikelyRefusal(thing, "wrong-product", f"it runs {said.product}")
    if said.seq is not None and said.sha256 is not None:
        reached = Floor(said.seq, said.sha256)
        try:
            (reached if offered.keyring is None else reached.under(offered.keyring)).require(manifest)
        except NotTrusted as error:
            return LikelyRefusal(thing, error.reason, f"it runs {said.version or 'a release'}, {error}")
    if offered.insist or failure is None or failure.reason != ROLLED_BACK or failure.cause in _NO_EVIDENCE:
        return None
    if failure.sha256 == manifest.sha256:
        return LikelyRefusal(thing, "known-bad", f"it rolled this image back: {failure.cause or 'no cause is known'}")
    return None
