"""Every seeded bug, in one list."""

from __future__ import annotations

from sweeps.mutants.in_boot import BOOT
from sweeps.mutants.in_storage import STORAGE
from sweeps.mutants.in_trust import TRUST
from sweeps.mutants.in_update import UPDATE
from sweeps.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (*STORAGE, *BOOT, *UPDATE, *TRUST)


def named(name: str) -> Mutant:
    """The bug of that name. *Raises* ValueError."""
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    raise ValueError(f"{name}: no such mutant; expected one of {', '.join(one.name for one in MUTANTS)}")
