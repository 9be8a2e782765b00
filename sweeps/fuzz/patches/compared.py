"""Compares what becomes of the same patches on both interpreters.

Both must make the same of a patch, and say the same of it. What may differ is the decoder of deflate, which is the
interpreter's own: each notices at another byte, or not at all, that a stream is damaged; see `decoders`.
"""

from __future__ import annotations

import subprocess
import tempfile
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fota.digests import Digests
from sweeps.fuzz import micropython
from sweeps.fuzz.check import DEADLINE_S, ESCAPE, HANG, Finding, kept
from sweeps.fuzz.deadline import Hang, deadline
from sweeps.fuzz.patches import applied, decoders
from sweeps.fuzz.patches.mutated import mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sweeps.fuzz.patches.decoders import Verdict
    from sweeps.fuzz.patches.mutated import MutatedPatch

TIMEOUT_S = 600.0
"""For a batch of patches; a patch takes a millisecond."""
HEAP = "384k"
"""MicroPython's: the library and its words take most of it, a window of 32 KiB and a patch the rest."""
MAX_PEAK_BYTES = 300_000
"""CPython's, for a patch: two buffers of 64 KiB, zlib's own window, a copy of what is decompressed."""
MEASURED_IN = 50
"""Of this many patches, the memory of one is measured on CPython."""

WRONG, OVERRUN, MEMORY, DIFFERENCE = "wrong image", "overrun", "memory", "difference"
LENIENT = "lenient"
_NOT_ASKED = "not asked"


@dataclass
class PatchTally:
    """What came of many patches."""

    patches: int = 0
    lenient: int = 0
    """Of them with the right image on one interpreter, whose decoder looks at less, and none on the other."""
    measured: int = 0
    """Of them with the memory that they took."""
    counts: Counter[str] = field(default_factory=Counter)
    """Of each kind of finding."""
    ends: Counter[str] = field(default_factory=Counter)
    """What CPython made of the patches."""
    findings: list[Finding] = field(default_factory=list)
    peak_bytes: int = 0

    def add(self, other: PatchTally) -> None:
        """Sum up, across processes."""
        self.patches += other.patches
        self.lenient += other.lenient
        self.measured += other.measured
        self.counts += other.counts
        self.ends += other.ends
        self.findings = kept(self.findings, other.findings)
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)

    def found(self, kind: str, number: int, what: str) -> None:
        """Count a finding, and keep it to be shown."""
        self.counts[kind] += 1
        self.findings = kept(self.findings, [Finding(kind, number, what)])


def compare(
    seed: int,
    numbers: Sequence[int],
    *,
    alter: Callable[[Path], None] = lambda _folder: None,
    timeout_s: float = TIMEOUT_S,
    deadline_s: float = DEADLINE_S,
    asks_micropython: bool = True,
) -> PatchTally:
    """What becomes of these patches; `alter` may change what the other interpreter is given."""
    patches = [mutated(seed, number) for number in numbers]
    tally = PatchTally(patches=len(patches))
    here = list(_here(patches, tally, deadline_s))
    there = [_NOT_ASKED] * len(patches)
    if asks_micropython:
        try:
            there = _there(patches, alter, timeout_s)
        except subprocess.TimeoutExpired:
            told = f"no end within {timeout_s} s, in this patch or one of the {len(patches) - 1} after it"
            tally.found(HANG, patches[0].number, told)
    _judge(patches, here, there, tally)
    return tally


def verdict_here(one: MutatedPatch, stand: applied.Stand) -> str:
    """What CPython makes of a patch."""
    wanted = Digests(one.wanted_bytes, one.wanted_md5, one.wanted_sha256)
    return stand.verdict(one.patch, one.old, _seal(one), wanted)


def _here(patches: list[MutatedPatch], tally: PatchTally, deadline_s: float) -> Iterator[str]:
    stand = applied.Stand()
    for one in patches:
        is_measured = one.number % MEASURED_IN == 0
        try:
            with deadline(deadline_s):
                yield _measured(one, stand, tally) if is_measured else verdict_here(one, stand)
        except Hang:
            tally.found(HANG, one.number, f"no end within {deadline_s} s")
            stand = applied.Stand()
            yield _NOT_ASKED


def _measured(one: MutatedPatch, stand: applied.Stand, tally: PatchTally) -> str:
    tracemalloc.start()
    try:
        said = verdict_here(one, stand)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    tally.measured += 1
    tally.peak_bytes = max(tally.peak_bytes, peak_bytes)
    if peak_bytes > MAX_PEAK_BYTES:
        tally.found(MEMORY, one.number, f"{peak_bytes} bytes, and {MAX_PEAK_BYTES} are the bound")
    return said


def _there(patches: list[MutatedPatch], alter: Callable[[Path], None], timeout_s: float) -> list[str]:
    """What MicroPython makes of them. *Raises* subprocess.TimeoutExpired."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        micropython.install(folder)
        alter(folder)
        batch = folder / "patches"
        batch.write_bytes(b"".join([_piece(one) for one in patches]))
        return micropython.verdicts(folder, batch, timeout_s, module="applied", heap=HEAP)


def _judge(patches: list[MutatedPatch], here: list[str], there: list[str], tally: PatchTally) -> None:
    for one, ours, theirs in zip(patches, here, there, strict=False):
        tally.ends[_label(ours)] += 1
        found = judged(one, ours, theirs)
        tally.lenient += LENIENT in found
        for kind in found - {LENIENT}:
            tally.found(kind, one.number, f"\n  CPython:     {ours}\n  MicroPython: {theirs}")
    if len(there) != len(patches):
        # Where it broke down, all that follows has no verdict; its last line is what it said.
        at = min(len(there), len(patches)) - 1
        tally.found(
            DIFFERENCE, patches[at].number, f"{len(there)} verdicts of {len(patches)}; the last: {there[-1:]}"
        )


def judged(one: MutatedPatch, ours: str, theirs: str) -> set[str]:
    """What is wrong with two verdicts, CPython's and MicroPython's."""
    found = set()
    for verdict in (ours, theirs):
        end, written, _ = _parts(verdict)
        if end == applied.WRONG:
            found.add(WRONG)
        if end == applied.ESCAPED:
            found.add(ESCAPE)
        if written > one.wanted_bytes:
            found.add(OVERRUN)
    if _NOT_ASKED not in (ours, theirs):
        found |= _apart(one, _parts(ours), _parts(theirs))
    return found


def _apart(one: MutatedPatch, ours: Verdict, theirs: Verdict) -> set[str]:
    if theirs[0] == applied.SEALED and one.is_odd_stream and decoders.breaks_window(one.patch):
        return {DIFFERENCE}
    if ours == theirs or decoders.both_refuse(ours, theirs):
        return set()
    return {LENIENT if decoders.is_lenient(one.patch, ours, theirs) else DIFFERENCE}


def _parts(verdict: str) -> Verdict:
    """How it ended, the bytes written, and what was said."""
    end, written, said = [*verdict.split(" ", 2), "", ""][:3]
    return (end, int(written), said) if written.isdecimal() else (verdict, 0, "")


def _label(verdict: str) -> str:
    """How it ended, without what is of this patch alone."""
    end, _, said = _parts(verdict)
    words = [word for word in said.split(":")[0].split() if not word.isdecimal() and len(word) < 32]
    return " ".join((end, *words[:5]))


def _piece(one: MutatedPatch) -> bytes:
    wanted = Digests(one.wanted_bytes, one.wanted_md5, one.wanted_sha256)
    return applied.piece(one.patch, one.old, _seal(one), wanted)


def _seal(one: MutatedPatch) -> Digests:
    return Digests(one.sealed_bytes, b"", one.sealed_sha256)
