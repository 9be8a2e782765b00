"""Puts a bug into the functions of this process, and takes it out again, for sweeps of thousands of short cases.

It exchanges the code of a function and not the function, so every module that imported the function has the bug. It
cannot change a constant, since other modules have copied it, nor the parameters of a function: a bug in those needs a
copy of the source, as in `trees`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from sweeps.seeding.addresses import SOURCE, DoesNotFit, file_of, module_of, scope_in
from sweeps.seeding.bugs import Bug


@contextmanager
def seeded(bug: Bug, source: Path = SOURCE) -> Iterator[None]:
    """While inside, this process, whose modules are those of the source, has the bug. *Raises* DoesNotFit."""
    texts = bug.mutated_files(source)
    kept: list[tuple[FunctionType, CodeType]] = []
    try:
        for change in bug.changes:
            function, code = _function(change.address), _code(change.address, texts, source)
            kept.append((function, function.__code__))
            function.__code__ = code
        yield
    finally:
        for function, code in reversed(kept):
            function.__code__ = code


def _function(address: str) -> FunctionType:
    found: Any = importlib.import_module(module_of(address))
    for name in address.partition(":")[2].split("."):
        found = getattr(found, name, None)
    found = inspect.unwrap(found) if callable(found) else found
    if not isinstance(found, FunctionType):
        raise DoesNotFit(f"{address}: expected a function; only those can be changed in a process")
    return found


def _code(address: str, texts: Mapping[str, str], source: Path) -> CodeType:
    """What a function does in the changed text of its module."""
    file = file_of(module_of(address), source)
    if _parameters(texts[file], address) != _parameters((source / file).read_text(encoding="utf-8"), address):
        raise DoesNotFit(f"{address}: the parameters of a function cannot be changed in a process")
    code = compile(texts[file], f"<{file} with a bug>", "exec")
    for name in address.partition(":")[2].split("."):
        (code,) = (part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == name)
    return code


def _parameters(text: str, address: str) -> str:
    scope = scope_in(ast.parse(text), address)
    return ast.dump(scope.args) if isinstance(scope, ast.FunctionDef) else ""
