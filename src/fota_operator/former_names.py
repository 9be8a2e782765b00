"""Former names of the Python API. They are deprecated: each still works, and warns where the new name is.

Importing `fota_operator` makes the former modules importable.
Leaves to others: what the names mean.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MODULES = {
    "fota_operator.explain": "fota_operator.jobs.explain",
    "fota_operator.progress": "fota_operator.jobs.progress",
    "fota_operator.rollouts.steer": "fota_operator.rollouts.control",
    "fota_operator.rollouts.wait_gate": "fota_operator.rollouts.watch",
    "fota_operator.rollouts.standing": "fota_operator.rollouts.decide.status",
    "fota_operator.rollouts.telling": "fota_operator.rollouts.aws.progress",
}
"""Each former module, and the module that has its names now."""

NAMES = {
    "fota_operator.rollouts.look": {"standing_of": "status_of", "standings": "statuses"},
    "fota_operator.rollouts.decide.status": {"Standing": "RolloutStatus", "StageStanding": "StageStatus"},
    "fota_operator.rollouts.aws.progress": {"Progress": "RolloutProgress", "Tell": "OnProgress"},
}
"""The names of each module that were changed."""


def install() -> None:
    """Make the former modules importable. Called twice, it does nothing more."""
    if not any(isinstance(finder, _FormerModules) for finder in sys.meta_path):
        sys.meta_path.append(_FormerModules())


def look_up(module: str, name: str) -> object:
    """The object that a former name of a module means; for the module's `__getattr__`. *Raises* AttributeError."""
    now = NAMES.get(module, {}).get(name)
    if now is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    _warn(f"{module}.{name}", now)
    return getattr(import_module(module), now)


def former_keyword(**names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function take a keyword by its former name too: `former_keyword(tell="on_progress")`."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            for former, now in names.items():
                if former in kwargs:
                    _warn(f"the parameter {former}", now)
                    kwargs[now] = kwargs.pop(former)
            return function(*args, **kwargs)

        return call

    return decorate


def exit_status(error: Exception, status: int) -> int:
    """The value of an error's former attribute `exit_status`: now only the command knows exit statuses."""
    _warn(f"{type(error).__name__}.exit_status", "the type of the error")
    return status


class _FormerModules:
    """Finds a former module when an import names it: a MetaPathFinder, whose base class takes long to import."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See MetaPathFinder."""
        del path, target
        if fullname not in MODULES:
            return None
        # Imported late, since what it imports takes long.
        made: ModuleSpec | None = import_module("fota_operator.former_modules").spec_of(
            fullname, MODULES[fullname], _warn
        )
        return made


def _warn(former: str, now: str) -> None:
    warnings.warn(f"{former} is deprecated: use {now}", DeprecationWarning, stacklevel=3)
