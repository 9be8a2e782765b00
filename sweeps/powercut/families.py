"""The families: what a device is offered, in which order, and how each job must end.

`scenarios` says what a scenario is, and which faults may happen in one.
"""

from __future__ import annotations

from dataclasses import replace

from sweeps.powercut.scenarios import (
    BAD,
    BAD_BUNDLE,
    BETTER,
    BUNDLE,
    DAMAGED,
    FACTORY,
    FAULTS,
    FITS,
    GOOD,
    LATE,
    NEXT,
    NEXT_BUNDLE,
    NO_IMAGE,
    SICK,
    SILENT,
    Offer,
    Scenario,
    Server,
)
from sweeps.powercut.signing import NEW, OLD, Keys, Release

_GOOD = Offer("job-1", GOOD)
_PATCHED = Offer("job-1", NEXT, patches=(FITS,))
_BAD = Offer("job-1", BAD, "FAILED", "rolled-back")

PLAIN = (
    Scenario("healthy", (_GOOD,)),
    Scenario("healthy-3-attempts", (_GOOD,), attempts=3),
    Scenario("crashing", (_BAD,)),
    Scenario("crashing-2-attempts", (_BAD,), attempts=2),
    Scenario("hanging", (Offer("job-1", SILENT, "FAILED", "rolled-back"),)),
    Scenario("unhealthy", (Offer("job-1", SICK, "FAILED", "rolled-back"),)),
    Scenario("breaks", (_GOOD,), server=Server(breaks_every_bytes=700)),
    Scenario("breaks-without-ranges", (_GOOD,), server=Server(breaks_every_bytes=1_100, knows_ranges=False)),
    Scenario("dead-server", (Offer("job-1", GOOD, "FAILED", "body-too-short"),), server=Server(dead_from_byte=900)),
    Scenario("connected", (_GOOD,), server=Server(ms_per_chunk=3_000), keeps_connection=True),
    Scenario("put-off", (_GOOD,), puts_off=2),
    Scenario("put-off-connected", (_BAD, Offer("job-2", BETTER)), keeps_connection=True, puts_off=1),
    Scenario("patched", (_PATCHED,)),
    Scenario("patched-and-breaking", (_PATCHED,), server=Server(breaks_every_bytes=500)),
    Scenario("patch-damaged", (replace(_PATCHED, patches=(DAMAGED,)), Offer("job-2", BETTER))),
    Scenario("two-jobs", (_GOOD, Offer("job-2", BETTER))),
    Scenario("bad-then-good", (_BAD, Offer("job-2", BETTER))),
    Scenario("bad-again", (_BAD, Offer("job-2", BAD, "REJECTED", "known-bad"))),
    Scenario("bad-again-insisting", (_BAD, Offer("job-2", BAD, "FAILED", "rolled-back", (("bc_insist", True),)))),
    Scenario("bad-good-bad", (_BAD, Offer("job-2", BETTER), Offer("job-3", BAD, "REJECTED", "known-bad"))),
    Scenario("good-then-bad", (_GOOD, Offer("job-2", BAD, "FAILED", "rolled-back"))),
    # SUCCEEDED, and from its second start on it crashes: the rescue is made when it has fallen back.
    Scenario("crashes-later", (Offer("job-1", LATE), Offer("job-2", BETTER, waits=True))),
    Scenario("refused", (Offer("job-1", GOOD, "REJECTED", "no-such-slot", (("bc_idx", 7),)),)),
    Scenario("runs-already", (Offer("job-1", FACTORY),)),
)

_BUNDLE = Offer("job-1", BUNDLE)
_BAD_BUNDLE = Offer("job-1", BAD_BUNDLE, "FAILED", "rolled-back")

BUNDLED = (
    Scenario("bundle", (_BUNDLE,)),
    Scenario("bundle-to-bundle", (_BUNDLE, Offer("job-2", NEXT_BUNDLE))),
    Scenario("bundle-to-zipapp", (_BUNDLE, Offer("job-2", BETTER))),
    Scenario("bundle-then-bad", (_BUNDLE, replace(_BAD_BUNDLE, job_id="job-2"))),
    # What takes the slot of an image that was given up finds its tree there.
    Scenario("bad-bundle-then-bundle", (_BAD_BUNDLE, Offer("job-2", NEXT_BUNDLE))),
    Scenario("bad-bundle-then-zipapp", (_BAD_BUNDLE, Offer("job-2", BETTER))),
)

_SIGNED = Offer("job-1", GOOD, release=Release(1, 2))
_NEW_KEYS = Offer("job-1", NO_IMAGE, keys=Keys(2, NEW))
_UNKNOWN = ("REJECTED", "unknown-key")
_OUT_OF_TURN = Offer("job-1", NO_IMAGE, "REJECTED", "bad-keyring", keys=Keys(3, NEW))


def _keyed(family: str, *offers: Offer, attempts: int = 1) -> Scenario:
    return Scenario(family, offers, attempts=attempts, is_keyed=True)


KEYED = (
    _keyed("signed-healthy", _SIGNED),
    _keyed(
        "signed-two-jobs",
        Offer("job-1", GOOD, release=Release(1, 0)),
        Offer("job-2", BETTER, release=Release(2, 3)),
    ),
    # The third goes into a slot beside which the release of another image is kept.
    _keyed(
        "signed-three-jobs",
        Offer("job-1", GOOD, release=Release(1, 0)),
        Offer("job-2", BETTER, release=Release(2, 0)),
        Offer("job-3", FACTORY, release=Release(3, 0)),
    ),
    # The bad one was never confirmed: its number and its security version count for nothing.
    _keyed(
        "signed-bad-then-good",
        Offer("job-1", BAD, "FAILED", "rolled-back", release=Release(5, 5)),
        Offer("job-2", BETTER, release=Release(2, 1)),
    ),
    _keyed("signed-unhealthy", Offer("job-1", SICK, "FAILED", "rolled-back", release=Release(5, 5)), attempts=2),
    _keyed(
        "signed-older",
        Offer("job-1", GOOD, release=Release(5)),
        Offer("job-2", BETTER, "REJECTED", "older-release", release=Release(4), depends_on="job-1"),
        Offer("job-3", BETTER, "REJECTED", "older-release", release=Release(5), depends_on="job-1"),
    ),
    _keyed(
        "signed-below-floor",
        Offer("job-1", GOOD, release=Release(1, 3)),
        Offer("job-2", BETTER, "REJECTED", "below-floor", release=Release(2, 2), depends_on="job-1", waits=True),
    ),
    # The floor has not risen to an image that falls back: its rescue may be below it.
    _keyed(
        "signed-crashes-later",
        Offer("job-1", LATE, release=Release(1, 2)),
        Offer("job-2", BETTER, release=Release(2, 1), waits=True),
    ),
    # An older image may come back by a newer manifest.
    _keyed(
        "signed-downgrade",
        Offer("job-1", GOOD, release=Release(1, 1)),
        Offer("job-2", BETTER, release=Release(2, 2)),
        Offer("job-3", GOOD, release=Release(3, 2)),
    ),
    # The same claim about the image that runs, signed by one key more: no boot more for that.
    _keyed("signed-again", _SIGNED, Offer("job-2", GOOD, release=Release(1, 2, (OLD, NEW)))),
    # A newer claim about the image that runs counts from the moment that its job has succeeded.
    _keyed(
        "signed-renewed",
        _SIGNED,
        Offer("job-2", GOOD, release=Release(5, 2)),
        Offer("job-3", BETTER, "REJECTED", "older-release", release=Release(3, 2), depends_on="job-2"),
    ),
    _keyed("signed-runs-already", Offer("job-1", FACTORY, release=Release(1, 2))),
    _keyed("unsigned-refused", Offer("job-1", GOOD, "REJECTED", "unsigned")),
    _keyed(
        "keyring",
        _NEW_KEYS,
        Offer("job-2", GOOD, release=Release(1, 1, (NEW,)), depends_on="job-1", otherwise=_UNKNOWN),
        replace(_NEW_KEYS, job_id="job-3"),
    ),
    _keyed(
        "keyring-then-old-key", _NEW_KEYS, Offer("job-2", GOOD, *_UNKNOWN, release=Release(1), depends_on="job-1")
    ),
    _keyed(
        "keyring-out-of-turn",
        _OUT_OF_TURN,
        replace(_OUT_OF_TURN, job_id="job-2", keys=Keys(2, NEW, (OLD,))),
        replace(_NEW_KEYS, job_id="job-3"),
        replace(_OUT_OF_TURN, job_id="job-4", keys=Keys(1, OLD), waits=True),
    ),
)

FAMILIES = (*PLAIN, *BUNDLED, *KEYED)


def named(name: str) -> Scenario:
    """The scenario of that name. *Raises* ValueError."""
    family, _, fault = name.partition("+")
    for scenario in FAMILIES:
        if scenario.family == family:
            if not fault:
                return scenario
            kind, _, number = fault.partition("@")
            if kind in FAULTS and number.isdigit():
                return scenario.with_fault(kind, int(number))
    raise ValueError(f"{name}: no such scenario; expected one of {', '.join(s.family for s in FAMILIES)}")
