"""The command: `python -m sweeps.powercut`, from the root of the repository.

It prints a table for people, then one line of JSON. Exit status: 0 no violation, 1 some, 2 misused.
"""

from __future__ import annotations

import argparse
import json
import sys

from sweeps.options import count
from sweeps.powercut import case, workers
from sweeps.powercut.history import Violation

STATES, SECONDS = 100_000, 900


def main(arguments: list[str] | None = None) -> int:
    """Run the sweep, or one case."""
    options = _parser().parse_args(arguments)
    return _sweep(options) if options.replay is None else _replay(options.replay)


def _sweep(options: argparse.Namespace) -> int:
    print(f"cutting power until {options.states:,} states or {options.seconds} s, seed {options.seed}", flush=True)
    result = workers.sweep(
        states=options.states,
        seconds=options.seconds,
        seed=options.seed,
        workers=options.workers,
        stops=options.stop,
    )
    print(f"\n{'scenario':24}{'new states':>12}")
    for family, states in result.per_family.items():
        print(f"{family:24}{states:12,}")
    counts = result.counts
    work = f"{counts.recoveries:,} recoveries in {result.cpu_seconds:,.0f} s of processor time"
    print(f"\n{counts.runs:,} runs without a cut, {work}")
    for found, message in counts.found:
        print(f"\nVIOLATION {message}\n  python -m sweeps.powercut --replay '{found}'")
    summary = {
        "states": result.states,
        "cuts": counts.cuts,
        "second_cuts": counts.second_cuts,
        "recoveries": counts.recoveries,
        "violations": counts.violations,
        "seconds": round(result.seconds, 1),
        "seed": options.seed,
    }
    print(json.dumps(summary))
    return 1 if counts.violations else 0


def _replay(text: str) -> int:
    try:
        print("\n".join(case.replay(case.parse(text))))
    except ValueError as error:
        print(f"powercut: {error}", file=sys.stderr)
        return 2
    except Violation as violation:
        print("\n".join([*violation.steps, f"VIOLATION {violation}"]))
        return 1
    print("no violation")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweeps.powercut", description=__doc__.partition("\n")[0])
    parser.add_argument("--states", type=count, default=STATES, help="distinct states to find (default %(default)s)")
    parser.add_argument("--seconds", type=count, default=SECONDS, help="stop after this time (default %(default)s)")
    parser.add_argument("--seed", type=count, default=1, help="seed of the random cuts (default %(default)s)")
    parser.add_argument("--workers", type=count, default=2, help="processes (default %(default)s)")
    parser.add_argument("--stop", action="store_true", help="end at the first violation")
    parser.add_argument("--replay", metavar="CASE", help="run this one case, and print every step of it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
