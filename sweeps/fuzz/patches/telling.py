"""Runs the fuzz of patches, and says for people and for programs what it found."""

from __future__ import annotations

import time

from sweeps.fuzz import workers
from sweeps.fuzz.check import ESCAPE, HANG
from sweeps.fuzz.patches import compared
from sweeps.fuzz.patches.compared import DIFFERENCE, MEMORY, OVERRUN, WRONG, PatchTally
from sweeps.fuzz.patches.mutated import mutated

_NAMES = {
    "wrong_images": WRONG,
    "escapes": ESCAPE,
    "hangs": HANG,
    "overruns": OVERRUN,
    "memory": MEMORY,
    "differences": DIFFERENCE,
}


def fuzz(count: int, *, seed: int, processes: int, deadline_s: float, asks_micropython: bool) -> PatchTally:
    """Apply a number of changed patches, and print what became of them."""
    where = "on both interpreters" if asks_micropython else "on CPython alone"
    print(f"\nfuzzing {count:,} patches {where}, seed {seed}", flush=True)
    began_s = time.monotonic()
    tally = workers.patches(
        count,
        seed=seed,
        workers=processes,
        deadline_s=deadline_s,
        asks_micropython=asks_micropython,
        told=_tell_progress,
    )
    _tell(tally, time.monotonic() - began_s)
    for one in tally.findings:
        command = f"python -m sweeps.fuzz --seed {seed} --replay-patch {one.number}"
        print(f"\n{one.kind.upper()} patch {one.number}: {one.what}\n  {command}")
    return tally


def replay(seed: int, number: int, *, asks_micropython: bool) -> PatchTally:
    """One patch, with all of it printed."""
    one = mutated(seed, number)
    print(f"patch {number} of seed {seed}, changed: {' and '.join(one.levels) or 'nothing'}")
    print(f"patch    {one.patch.hex()}\nold      {one.old.hex()}\nsealed   {one.sealed_sha256.hex()}")
    print(f"promised {one.wanted_bytes} bytes, {one.wanted_sha256.hex()}")
    tally = compared.compare(seed, [number], asks_micropython=asks_micropython)
    for label in tally.ends:
        print(f"CPython: {label}")
    for finding in tally.findings:
        print(f"{finding.kind.upper()} {finding.what}")
    return tally


def counts(tally: PatchTally) -> dict[str, int]:
    """What was found, for a line of JSON; `lenient` is what the decoders may differ in, and is no finding."""
    found = {name: tally.counts[kind] for name, kind in _NAMES.items()}
    return {"count": tally.patches, **found, "lenient": tally.lenient}


def _tell_progress(tally: PatchTally) -> None:
    print(f"{tally.patches:,} patches, {'something' if tally.counts else 'nothing'} found so far", flush=True)


def _tell(tally: PatchTally, seconds: float) -> None:
    print(f"\n{'what CPython made of it':50}{'patches':>12}")
    for label, patches in sorted(tally.ends.items()):
        print(f"{label:50}{patches:12,}")
    print(f"\n{tally.patches:,} patches in {seconds:,.0f} s, {tally.patches / max(seconds, 0.001):,.0f} a second")
    print(f"{tally.measured:,} measured: {tally.peak_bytes:,} bytes of memory at most")
    print(f"{tally.lenient:,} made the right image on one interpreter alone, whose decoder looks at less")
