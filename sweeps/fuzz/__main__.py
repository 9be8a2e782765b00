"""The command: `python -m sweeps.fuzz`, from the root of the repository.

It prints a table for people, then one line of JSON. Exit status: 0 nothing found, 1 something, 2 misused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from sweeps.fuzz import differential, micropython, workers
from sweeps.fuzz.check import DEADLINE_S, Checker, Tally
from sweeps.fuzz.differential import Compared
from sweeps.fuzz.documents import document
from sweeps.fuzz.patches import telling
from sweeps.fuzz.patches.compared import PatchTally
from sweeps.options import count, count_or_none

DOCUMENTS, COMPARED, PATCHES = 1_000_000, 100_000, 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Run the fuzz, or one document or patch."""
    options = _parser().parse_args(arguments)
    try:
        if options.compare:
            micropython.require()
    except micropython.Missing as missing:
        print(f"fuzz: {missing}", file=sys.stderr)
        return 2
    if options.replay_patch is not None:
        patches = telling.replay(options.seed, options.replay_patch, asks_micropython=options.compare > 0)
        return _summed_up(options, Tally(), Compared(), patches)
    return _fuzz(options) if options.replay is None else _replay(options)


def _fuzz(options: argparse.Namespace) -> int:
    tally, compared, patches = Tally(), Compared(), PatchTally()
    if not options.patches_alone:
        tally, compared = _fuzz_documents(options)
    if options.patches:
        patches = telling.fuzz(
            options.patches,
            seed=options.seed,
            processes=options.workers,
            deadline_s=options.deadline,
            asks_micropython=options.compare > 0,
        )
    return _summed_up(options, tally, compared, patches)


def _fuzz_documents(options: argparse.Namespace) -> tuple[Tally, Compared]:
    print(f"fuzzing {options.documents:,} documents, comparing {options.compare:,}, seed {options.seed}", flush=True)
    began_s = time.monotonic()
    tally = workers.fuzz(
        options.documents,
        seed=options.seed,
        workers=options.workers,
        deadline_s=options.deadline,
        told=_tell_progress,
    )
    fuzzed_s = time.monotonic() - began_s
    _tell_tally(tally, fuzzed_s)
    began_s = time.monotonic()
    compared = workers.compare(options.compare, seed=options.seed, workers=options.workers)
    _tell_compared(compared, time.monotonic() - began_s)
    for kind, number, what in _findings(tally, compared):
        command = f"python -m sweeps.fuzz --seed {options.seed} --replay {number}"
        print(f"\n{kind.upper()} document {number}: {what}\n  {command}")
    return tally, compared


def _summed_up(options: argparse.Namespace, tally: Tally, compared: Compared, patches: PatchTally) -> int:
    found = {
        "escapes": tally.escapes + compared.escapes,
        "hangs": tally.hangs + compared.hangs,
        "bytes_written": tally.bytes_written,
    }
    differences = {"compared": compared.texts, "differences": compared.differences}
    of_patches = telling.counts(patches)
    counts = {"documents": tally.documents, **found, **differences, "patches": of_patches, "seed": options.seed}
    print(json.dumps(counts))
    return 1 if any(found.values()) or compared.differences or patches.counts.total() else 0


def _tell_progress(tally: Tally) -> None:
    found = tally.escapes + tally.hangs + bool(tally.bytes_written)
    print(f"{tally.documents:,} documents, {'nothing' if not found else 'something'} found so far", flush=True)


def _tell_tally(tally: Tally, seconds: float) -> None:
    print(f"\n{'what it came to':34}{'documents':>12}")
    for label, documents in sorted(tally.ends.items()):
        print(f"{label:34}{documents:12,}")
    took_s, number = tally.slowest
    print(
        f"\n{tally.documents:,} documents in {seconds:,.0f} s, {tally.documents / max(seconds, 0.001):,.0f} a second"
    )
    print(f"{tally.whole:,} of them through the whole flow too; the slowest, {number}, took {took_s * 1000:,.0f} ms")


def _tell_compared(compared: Compared, seconds: float) -> None:
    print(f"{compared.texts:,} compared in {seconds:,.0f} s, {compared.judged:,} of them with signatures verified")


def _findings(tally: Tally, compared: Compared) -> list[tuple[str, int, str]]:
    differences = [
        (one.kind, one.number, f"\n  CPython:     {one.here}\n  MicroPython: {one.there}") for one in compared.found
    ]
    return [*((one.kind, one.number, one.what) for one in tally.findings), *differences]


def _replay(options: argparse.Namespace) -> int:
    sent = document(options.seed, options.replay)
    print(f"document {sent.number} of seed {options.seed}, for the device {sent.device!r}:")
    print(sent.text.decode("utf-8", "backslashreplace"))
    checker = Checker(options.seed, deadline_s=options.deadline)
    for outcome in checker.one(sent, is_whole=True):
        print(f"{outcome.label}, {outcome.written_bytes} bytes written")
    compared = Compared()
    if options.compare:
        compared = differential.compare(options.seed, [sent.number])
    for kind, _, what in _findings(checker.tally, compared):
        print(f"{kind.upper()} {what}")
    return _summed_up(options, checker.tally, compared, PatchTally())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweeps.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=count, default=DOCUMENTS, help="how many (default %(default)s)")
    parser.add_argument(
        "--compare", type=count_or_none, default=COMPARED, help="texts for both interpreters (default %(default)s)"
    )
    parser.add_argument(
        "--patches", type=count_or_none, default=PATCHES, help="changed patches, after that (default %(default)s)"
    )
    parser.add_argument("--patches-alone", action="store_true", help="no documents, and patches alone")
    parser.add_argument("--seed", type=count, default=1, help="of all that is drawn (default %(default)s)")
    parser.add_argument("--workers", type=count, default=2, help="processes (default %(default)s)")
    parser.add_argument(
        "--deadline", type=count, default=DEADLINE_S, help="seconds for one of them (default %(default)s)"
    )
    parser.add_argument("--replay", type=count_or_none, metavar="NUMBER", help="this one document, and all of it")
    parser.add_argument("--replay-patch", type=count_or_none, metavar="NUMBER", help="this one patch, and all of it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
