"""Every seeded bug, in one list."""

from __future__ import annotations

from sweeps.mutants.in_boot import BOOT
from sweeps.mutants.in_bundles import BUNDLES
from sweeps.mutants.in_patches import PATCHES
from sweeps.mutants.in_storage import STORAGE
from sweeps.mutants.in_trust import TRUST
from sweeps.mutants.in_update import UPDATE
from sweeps.seeding.bugs import Bug

MUTANTS: tuple[Bug, ...] = (*STORAGE, *BOOT, *UPDATE, *PATCHES, *TRUST, *BUNDLES)


def named(name: str) -> Bug:
    """The bug of that name. *Raises* ValueError."""
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    raise ValueError(f"{name}: no such mutant; expected one of {', '.join(one.name for one in MUTANTS)}")
