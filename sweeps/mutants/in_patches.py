"""Seeded bugs of patches: how they are fetched, applied, given up and removed."""

from __future__ import annotations

from sweeps.seeding.bugs import Bug, at, bug
from sweeps.seeding.verbs import drop, replace

PATCHES: tuple[Bug, ...] = (
    bug(
        "patch-given-up-and-forgotten",
        "That a patch was given up is kept in memory: after a reset it is fetched once more.",
        at("offered_patches:give_up", drop("_.save_stage(...)")),
    ),
    bug(
        "patch-left-behind",
        "The patch stays in the home when its update is over.",
        at("patches:Patches.forget_update", drop("_.remove()")),
    ),
    bug(
        "patched-image-not-closed",
        "What a patch made is sealed before it is flushed.",
        at("patched:PatchedInstaller._made", drop("writer.close()")),
    ),
    bug(
        "patched-over-what-runs",
        "The image that a patch makes is written into the slot of the image that it starts from.",
        at(
            "patched:PatchedInstaller._made",
            replace("_.resume(slot, ...)", "self._slots.resume(self._running_slot, wanted.size_bytes, 0)"),
        ),
    ),
    bug(
        "patch-digest-not-compared",
        "The bytes that a patch makes are not compared with the promised digest.",
        at("patched:PatchedInstaller.install", replace("not wanted.matches(_)", "False")),
    ),
)
