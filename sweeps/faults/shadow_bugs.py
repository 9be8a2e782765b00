"""Seeded bugs in what a device tells its shadow, and in the numbers that its keyring voids."""

from __future__ import annotations

from sweeps.faults.seeded import Seeded
from sweeps.seeding.bugs import at, bug
from sweeps.seeding.verbs import at_start, drop, replace

_QUOTAS = "silence on a connection that lives, and AWS's quotas"

SHADOW_BUGS = (
    Seeded(
        _QUOTAS,
        bug(
            "state-told-at-each-look",
            "The shadow is told what the device runs at each look, and not on change alone.",
            at("shadows:Shadows.tell_state", replace("facts == self._told", "False")),
        ),
        ("notifications-lost@10800s/idle", "kicked/claiming"),
    ),
    Seeded(
        "the reason stays on the device",
        bug(
            "state-told-once",
            "What the shadow did not take is not told again.",
            at("shadows:Shadows._put_off", at_start("self._not_before_ms = 1 << 62\nreturn")),
        ),
        ("shadow-refused@75s/telling-state", "shadow-unheard@600s/telling-state"),
    ),
    Seeded(
        "truth",
        bug(
            "state-keeps-what-is-gone",
            "What is not known any more is left out in place of null, so the shadow keeps it.",
            at("shadows:complete", drop("state[name] = None")),
        ),
        ("shadow-changed/idle",),
    ),
    Seeded(
        "truth",
        bug(
            "void-numbers-accepted",
            "A release with a number that the keyring voids is taken.",
            at("releases:require_not_void", at_start("return")),
        ),
        ("number-voided/idle", "number-voided/listing"),
    ),
    Seeded(
        "a guarantee that ends earlier than its reader thinks",
        bug(
            "void-mark-stays",
            "The mark that a void number left is kept, so every good number is refused.",
            at("floor:Floor.under", at_start("return self")),
        ),
        ("number-voided/idle",),
    ),
)
