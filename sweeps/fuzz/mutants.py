"""Seeds bugs into one interpreter alone: the comparison of the verdicts must find each. So with those of patches.

`python -m sweeps.fuzz.mutants` is the command. Exit status: 0 each bug found, 1 one survived or does not fit,
2 misused, or there is no MicroPython here.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass

from sweeps.fuzz import differential, micropython
from sweeps.fuzz.documents import has_signatures
from sweeps.fuzz.patches import mutants as patch_mutants
from sweeps.fuzz.patches.mutants import PatchBug
from sweeps.seeding.bugs import Bug, at, bug, misfit_report, misfits
from sweeps.seeding.trees import put_into
from sweeps.seeding.verbs import drop_operand, never, replace, returns

SEED = 4
TEXTS = [number for number in range(8_000) if has_signatures(number)]

OTHER_VERDICTS = (
    bug(
        "any-type-for-a-number",
        "A number may be of any type.",
        at("fields:is_whole", drop_operand("type(_) is int")),
    ),
    bug(
        "fields-may-be-missing",
        "No field but one is missed.",
        at("manifest:checked", replace("_1 not in optional", "_1 == 'seq'")),
    ),
    bug(
        "base64-in-any-spelling",
        "Base64 is taken in any spelling.",
        at("envelope:_from_base64", drop_operand("_base64(_) != _")),
    ),
    bug("a-key-twice", "An object may have a key twice.", at("strict_json:_Reader.member", never("_ in container"))),
    bug(
        "another-message",
        "A refusal says one letter more.",
        at("document:_size", replace("BadDocument(_1)", "BadDocument(_1 + '!')")),
    ),
    bug("any-signature", "Every signature holds.", at("p256:_has_x", returns("True", instead_of="_ == _ or _"))),
)
"""With these, some texts get another verdict from MicroPython than from CPython."""

EXCEPTIONS = (
    bug(
        "any-type-for-an-object",
        "What is no object is looked into as if it were one.",
        at("envelope:parse", drop_operand("not isinstance(_, dict)")),
        at("envelope:_signature", drop_operand("not isinstance(_, dict)")),
    ),
)
"""With these, it also raises what the library does not promise."""

MUTANTS = (*OTHER_VERDICTS, *EXCEPTIONS)


@dataclass(frozen=True)
class Tried:
    """What came of one bug."""

    name: str
    differences: int
    escapes: int
    is_found: bool


def tried(one: Bug) -> Tried:
    """Compare the interpreters; MicroPython has the bug. *Raises* DoesNotFit."""
    done = differential.compare(SEED, TEXTS, alter=lambda folder: put_into(one, folder))
    told_apart = 0 < done.differences < len(TEXTS) and all(found.here != found.there for found in done.found)
    is_found = told_apart and (done.escapes > 0 or one not in EXCEPTIONS)
    return Tried(one.name, done.differences, done.escapes, is_found)


def main(arguments: list[str] | None = None) -> int:
    """Try the bugs, and say what came of each."""
    parser = argparse.ArgumentParser(prog="python -m sweeps.fuzz.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--fit-only", action="store_true", help="only see that each bug fits the source as it is")
    options = parser.parse_args(arguments)
    every = [*MUTANTS, *(one.bug for one in patch_mutants.BUGS)]
    odd = misfits(every)
    print(misfit_report(odd, len(every)), flush=True)
    if options.fit_only:
        return 1 if odd else 0
    try:
        micropython.require()
    except micropython.Missing as missing:
        print(f"fuzz mutants: {missing}", file=sys.stderr)
        return 2
    of_patches = [one for one in patch_mutants.BUGS if one.bug.name not in odd]
    return _summed_up([one for one in MUTANTS if one.name not in odd], of_patches, len(odd))


def _summed_up(bugs: list[Bug], of_patches: list[PatchBug], misfitting: int) -> int:
    began_s = time.monotonic()
    survivors = []
    for one in bugs:
        came = tried(one)
        print(f"{came.name:<28}{came.differences:>6} differences {came.escapes:>6} escapes", flush=True)
        if not came.is_found:
            survivors.append(came.name)
            print(f"survived: {came.name}")
    for other in of_patches:
        found = patch_mutants.tried(other)
        print(f"{other.bug.name:<28}{found.tally.counts[other.kind]:>6} times: {other.kind}", flush=True)
        if not found.is_found:
            survivors.append(other.bug.name)
            print(f"survived: {other.bug.name}")
    tried_count = len(bugs) + len(of_patches)
    counts = {"mutants": tried_count + misfitting, "killed": tried_count - len(survivors), "misfits": misfitting}
    print(json.dumps({**counts, "seconds": round(time.monotonic() - began_s, 1)}))
    return 1 if survivors or misfitting else 0


if __name__ == "__main__":
    sys.exit(main())
