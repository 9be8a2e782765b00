"""`python -m bench [NAME ...]`: the command.

Exit status: 0 measured, 1 a bench failed, 2 misused, or a program to compare with is missing.
"""

import argparse
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from bench.catalogue import BENCHES
from bench.figures import Outcome, json_line, table
from bench.page import machine_in_words, with_figures
from bench.peers import PeerMissing
from bench.processes import ProcessFailed
from bench.stage import Stage, open_stage
from fota_operator.errors import OperatorError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benches, print the results, and write the page if asked to."""
    options = _parser().parse_args(arguments)
    names = options.names or list(BENCHES)
    # As Ctrl-C does: no process is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    outcomes: list[Outcome] = []
    missing, failed = [], []
    with open_stage(tiny=options.tiny) as stage:
        for name in names:
            try:
                outcomes.append(_measured(stage, name))
            except PeerMissing as error:
                missing.append(f"{name}: {error}")
            except (ProcessFailed, OperatorError, OSError) as error:
                failed.append(f"{name}: {error}")
    for problem in missing + failed:
        print(f"bench: {problem}", file=sys.stderr)
    if options.page is not None and not missing + failed:
        _write_page(options.page, outcomes, options.names)
    return 1 if failed else 2 if missing else 0


def _measured(stage: Stage, name: str) -> Outcome:
    stage.say(name)
    began = time.monotonic()
    outcome = BENCHES[name](stage)
    print(f"{table(outcome)}\n{json_line(outcome)}", flush=True)
    stage.say(f"{name}: {time.monotonic() - began:.0f} s")
    return outcome


def _write_page(page: Path, outcomes: Sequence[Outcome], names: Sequence[str]) -> None:
    command = shlex.join(["make", "bench", *([f"BENCH={' '.join(names)}"] if names else [])])
    today = datetime.now(timezone.utc).date()
    text = page.read_text(encoding="utf-8")
    page.write_text(with_figures(text, outcomes, command, today, machine_in_words()), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure an update beside what a user would take instead. Prints tables, and JSON for programs.",
        epilog="Exit status: 0 measured, 1 a bench failed, 2 misused, or a program to compare with is missing.",
    )
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--tiny", action="store_true", help="do only enough to show that each bench works")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the figures into this page's block")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
