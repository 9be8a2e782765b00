"""Makes a former module when it is imported: it hands on the names of the one that has them now, with a warning.

Apart from `former_names`, since what this imports takes longer than the help of a command may.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType


def spec_of(former: str, now: str, warn_of: Callable[[str, str], None]) -> ModuleSpec | None:
    """How the import system makes the former module."""
    return spec_from_loader(former, _Forwarding(now, warn_of))


class _Forwarding(Loader):
    """Makes a module that asks the one which has its names now."""

    def __init__(self, now: str, warn_of: Callable[[str, str], None]) -> None:
        self._now = now
        self._warn_of = warn_of

    def exec_module(self, module: ModuleType) -> None:
        """See Loader."""
        self._warn_of(module.__name__, self._now)

        def forward(name: str) -> object:
            if name.startswith("__"):
                raise AttributeError(name)
            return getattr(import_module(self._now), name)

        module.__dict__["__getattr__"] = forward
