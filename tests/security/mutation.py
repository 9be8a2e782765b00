"""One check taken away: a function of the device compiled again from its source, with one piece of it replaced."""

from __future__ import annotations

import importlib
import inspect
import textwrap
from typing import Any

import pytest


def mutate(monkeypatch: pytest.MonkeyPatch, target: str, old: str, new: str) -> None:
    """Replace a piece of `target`, which is "module:function" or "module:Class.method"; it must be there once."""
    module_name, _, path = target.partition(":")
    module = importlib.import_module(module_name)
    owner: Any = module
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    source = textwrap.dedent(inspect.getsource(getattr(owner, name)))
    assert source.count(old) == 1, f"{target}: {old!r} stands there {source.count(old)} times; write the mutant anew"
    made: dict[str, Any] = {}
    exec(compile(source.replace(old, new), f"<mutant of {target}>", "exec"), vars(module), made)
    monkeypatch.setattr(owner, name, made[name])
