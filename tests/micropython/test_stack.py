"""How much of the C stack the imports of the library take, by MicroPython's own count: a Pico W has 8 KiB in all.

Each import that waits for another one is a level. On the unix port a level holds a path of 4,096 bytes, where ports
for boards hold 128 (`MICROPY_ALLOC_PATH_MAX`): the difference is taken off. The rest is what Debian's build needs.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.labs.interpreter import IS_OF_32_BITS, told

pytestmark = pytest.mark.skipif(
    not IS_OF_32_BITS, reason="words of 64 bits take more; `make test-micropython32` runs it"
)

MAX_STACK_BYTES = 4096
PATH_BYTES, PATH_BYTES_OF_A_BOARD = 4096, 128

CHAIN = 4
"""Modules, each of which imports the next one: what an import takes is measured with them."""

_IMPORTS = """
import builtins, json, micropython, sys
sys.path.insert(0, sys.argv[1])
real, base, levels, found = __import__, micropython.stack_use(), [0], []
builtins.seen = []

def counted(*arguments):
    levels[0] += 1
    found.append((micropython.stack_use() - base, levels[0]))
    try:
        return real(*arguments)
    finally:
        levels[0] -= 1

import plain0
builtins.__import__ = counted
import counted0
plain, hooked = seen
found.clear()
for name in sys.argv[2:]:
    __import__(name)
print(json.dumps([plain - base, hooked - base, found]))
"""


def stack_bytes(library: Path, folder: Path, *names: str) -> int:
    """What the deepest import takes, as a board has it, without what counting takes."""
    for kind in ("plain", "counted"):
        for at in range(CHAIN - 1):
            (folder / f"{kind}{at}.py").write_text(f"import {kind}{at + 1}\n")
        (folder / f"{kind}{CHAIN - 1}.py").write_text("import micropython\nseen.append(micropython.stack_use())\n")
    ((plain, hooked, found),) = told(_IMPORTS, str(library), *names, folder=folder)
    counting = (hooked - plain) // CHAIN
    level = plain // CHAIN
    # To the stack at the moment of each call comes what the import that was asked for takes itself.
    spared = PATH_BYTES - PATH_BYTES_OF_A_BOARD
    deepest: int = max(stack + level - levels * (counting + spared) for stack, levels in found)
    return deepest


def test_the_imports_of_a_bundle_fit_on_the_stack_of_a_board(
    bundle: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    deepest = stack_bytes(bundle, tmp_path, "fota.start", "aws.iot.iot", "aws.iot.jobs", "aws.iot.fota")
    record_property("stack_bytes", deepest)
    assert deepest <= MAX_STACK_BYTES


def test_imports_within_imports_are_counted(tmp_path: Path) -> None:
    for at in range(6):
        (tmp_path / f"deep{at}.py").write_text(f"import deep{at + 1}\n")
    (tmp_path / "deep6.py").write_text("")
    assert stack_bytes(tmp_path, tmp_path, "deep0") > MAX_STACK_BYTES
