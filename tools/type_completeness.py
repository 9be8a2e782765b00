"""Says how much of what a program can import has a known type, package by package; all of it must.

The types of a library are useful only if its annotations are complete: what one checker must infer, another may
infer differently. It is what pyright calls type completeness: https://github.com/microsoft/pyright/blob/main/docs/typed-libraries.md
It runs basedpyright, which has the same check and brings its interpreter from PyPI.
"""

import json
import os
import site
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

SOURCE = Path(__file__).resolve().parent.parent / "src"
_AT_ONCE = 2


class Completeness(NamedTuple):
    """The result for one package."""

    package: str
    symbols: int
    problems: tuple[str, ...]


def typed_packages(source: Path = SOURCE) -> list[str]:
    """The packages that say that they are typed, by their `py.typed`."""
    return sorted(path.parent.relative_to(source).as_posix().replace("/", ".") for path in source.rglob("py.typed"))


def completeness(package: str, source: Path = SOURCE) -> Completeness:
    """Look at one package. *Raises* CalledProcessError when the checker cannot."""
    command = [sys.executable, "-m", "basedpyright", "--verifytypes", package, "--ignoreexternal", "--outputjson"]
    # It looks for packages where this interpreter does not say, unless it is told.
    paths = [str(source), *site.getsitepackages()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - ours
    # Status 1 means symbols without a type; the report names them.
    if done.returncode not in {0, 1}:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    report = json.loads(done.stdout)
    counts = report["typeCompleteness"]["exportedSymbolCounts"]
    return Completeness(package, sum(counts.values()), tuple(_problems(report)))


def _problems(report: dict[str, Any]) -> Iterator[str]:  # Any: JSON of another program.
    for problem in report["generalDiagnostics"]:
        yield problem["message"]
    for symbol in report["typeCompleteness"]["symbols"]:
        if symbol["isExported"] and not (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"]):
            reasons = [problem["message"] for problem in symbol["diagnostics"]]
            yield f"{symbol['name']}: {'; '.join(reasons) or 'its type is not known'}"


def main() -> int:
    """The command. Exit status: 0 every type is known, 1 some are not."""
    packages = typed_packages()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(completeness, packages))
    for one in found:
        sys.stdout.write(f"{one.package}: {one.symbols} public names, {len(one.problems)} without a known type\n")
        sys.stdout.write("".join(f"  {problem}\n" for problem in one.problems))
    return 0 if found and all(one.symbols and not one.problems for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
