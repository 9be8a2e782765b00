"""Seeded bugs in an update by a patch; those that power cuts find are in `sweeps.mutants.in_patches` too."""

from __future__ import annotations

from sweeps.faults.seeded import Seeded
from sweeps.seeding.bugs import at, bug
from sweeps.seeding.verbs import drop, replace

_GUARANTEE = "a guarantee that ends earlier than its reader thinks"

PATCH_BUGS = (
    Seeded(
        _GUARANTEE,
        bug(
            "fresh-url-of-the-image",
            "When the URL of a patch has expired, the fresh one is that of the whole image.",
            at(
                "offered_patches:source",
                replace("_url_of(fresh(), patch)", "fresh().url"),
            ),
        ),
        ("patch-url-expires/download-middle",),
    ),
    Seeded(
        _GUARANTEE,
        bug(
            "patch-kept-in-part",
            "The end of a patch is not noted, so it comes once more when the power is cut while it is applied.",
            at("patched:PatchedInstaller.install", drop("intake.keep()")),
        ),
        ("patch-power-cut/applying",),
    ),
    Seeded(
        _GUARANTEE,
        bug(
            "patch-fetched-once-more",
            "That a patch was given up is forgotten in a reset, and it is fetched again before the whole image.",
            at("offered_patches:give_up", drop("_.save_stage(...)")),
        ),
        ("patch-damaged-cut@600s/claiming",),
    ),
    Seeded(
        "truth",
        bug(
            "no-room-told-as-damage",
            "A patch that has no room is told as one that failed.",
            at("offered_patches:give_up", replace("NO_ROOM if _ else PATCH_FAILED", "PATCH_FAILED")),
        ),
        ("patch-disk-full@75s/looking-up",),
    ),
)
