"""The bugs for the fuzz of patches: each is put into what MicroPython runs, or into this process, and must be found.

`python -m sweeps.fuzz.mutants` tries them, with those of the documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sweeps.fuzz.check import ESCAPE
from sweeps.fuzz.patches import compared
from sweeps.fuzz.patches.compared import DIFFERENCE, MEMORY, OVERRUN, WRONG
from sweeps.seeding.bugs import at, bug
from sweeps.seeding.in_process import seeded
from sweeps.seeding.trees import put_into
from sweeps.seeding.verbs import drop, never, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sweeps.fuzz.patches.compared import PatchTally
    from sweeps.seeding.bugs import Bug

SEED = 4
NUMBERS = range(4_000)


@dataclass(frozen=True)
class PatchBug:
    """A bug, and what the fuzz must call it."""

    bug: Bug
    kind: str = DIFFERENCE
    is_of_cpython: bool = False
    numbers: Sequence[int] = field(default=NUMBERS)


BUGS = (
    PatchBug(
        bug("end-not-required", "A patch may go on.", at("apply:_Applying.run", drop("self._records.require_end()")))
    ),
    PatchBug(
        bug(
            "end-of-stream-alone",
            "Bytes may follow the stream.",
            at("inflate_micropython:Inflated.require_end", never("self._compressed.readinto(_)")),
        )
    ),
    PatchBug(
        bug(
            "more-than-missing",
            "A part may make more than is missing.",
            at("apply:_Applying.run", replace("not 0 < made <= self._left_bytes", "not 0 < made")),
        ),
        kind=OVERRUN,
    ),
    PatchBug(
        bug(
            "empty-parts",
            "A part may make nothing.",
            at("apply:_Applying.run", replace("0 < made <= _1", "0 <= made <= _1")),
        )
    ),
    PatchBug(
        bug(
            "seek-before-the-beginning",
            "A seek may leave the old image.",
            at("apply:_Applying.run", replace("0 <= self._place <= _1", "self._place <= _1")),
        )
    ),
    PatchBug(
        bug(
            "behind-the-old-image",
            "A part may take what is not there.",
            at("apply:_Applying.run", never("copy + add > self._old_bytes - self._place")),
        )
    ),
    PatchBug(
        bug(
            "any-length-of-a-number",
            "A number may have ten bytes.",
            at("inflate_micropython:Inflated.number", replace("shift < _", "shift < 70")),
        )
    ),
    PatchBug(
        bug(
            "another-window",
            "The window is the largest one.",
            at(
                "inflate_micropython:Inflated.__init__",
                replace("deflate.DeflateIO(_1, _2, window_bits)", "deflate.DeflateIO(_1, _2, 15)"),
            ),
        )
    ),
    PatchBug(
        bug(
            "eight-bits-a-window",
            "A head may say a window of any size.",
            at("patch_head:decode", never("not _ <= window_bits <= _")),
        )
    ),
    PatchBug(
        bug(
            "error-of-deflate",
            "What is no deflate is an error of the system.",
            at("inflate_micropython:Inflated._some", replace("(OSError, EOFError)", "EOFError")),
        ),
        kind=ESCAPE,
    ),
    PatchBug(
        bug(
            "any-image",
            "Whatever is made counts as the image.",
            at("patched:PatchedInstaller.install", never("not wanted.matches(digests)")),
        ),
        kind=WRONG,
    ),
    PatchBug(
        bug(
            "any-old-image",
            "A patch is applied to any image.",
            at("patched:PatchedInstaller._proven_old", never("sealed is None or _ != _")),
        ),
    ),
    PatchBug(
        bug(
            "old-image-not-read",
            "The old image is not verified.",
            at("patched:PatchedInstaller._proven_old", never("not image.holds(_1, _2, _3, _4)")),
        ),
    ),
    PatchBug(
        bug(
            "all-of-it-inflated",
            "A stream is decompressed whole.",
            at(
                "inflate_cpython:Inflated._more",
                replace("self._stream.decompress(compressed, _STEP_BYTES)", "self._stream.decompress(compressed)"),
            ),
        ),
        kind=MEMORY,
        is_of_cpython=True,
    ),
)


@dataclass(frozen=True)
class TriedPatches:
    """What came of one bug."""

    tally: PatchTally
    is_found: bool


def tried(one: PatchBug) -> TriedPatches:
    """Look whether the fuzz finds the bug, and calls it what it is. *Raises* DoesNotFit."""
    if one.is_of_cpython:
        with seeded(one.bug):
            tally = compared.compare(SEED, one.numbers, asks_micropython=False)
    else:
        tally = compared.compare(SEED, one.numbers, alter=lambda folder: put_into(one.bug, folder))
    return TriedPatches(tally, 0 < tally.counts[one.kind] < len(one.numbers))
