"""The benches, by name, in the order in which they run."""

from collections.abc import Callable
from types import ModuleType

from bench.benches import (
    background,
    bundle,
    fleet,
    idle,
    install,
    memory,
    patch,
    poor_link,
    restart,
    resume,
    start,
    verify,
)
from bench.figures import Outcome
from bench.stage import Stage

_MODULES: tuple[ModuleType, ...] = (
    install,
    bundle,
    background,
    memory,
    idle,
    start,
    resume,
    restart,
    poor_link,
    verify,
    fleet,
    patch,
)
BENCHES: dict[str, Callable[[Stage], Outcome]] = {module.NAME: module.measure for module in _MODULES}
