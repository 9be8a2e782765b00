"""The methods of a class that inherits from a class of the standard library, above another class in its place."""

from __future__ import annotations

from types import CellType, FunctionType
from typing import TypeVar

Base = TypeVar("Base")

_NOT_COPIED = ("__dict__", "__weakref__")


def rebased(wanted: type, former: type, base: type[Base]) -> type[Base]:
    """The class `wanted` with `base` instead of `former` beneath it; its own methods are as they are.

    Made at each call, so that a bug that is seeded into a method is there too.
    """
    made = base
    for one in reversed(wanted.__mro__):
        if one is not former and issubclass(one, former):
            # What `super` without arguments looks at.
            own_class = CellType()
            own = {name: _in_class(value, own_class) for name, value in vars(one).items() if name not in _NOT_COPIED}
            made = own_class.cell_contents = type(one.__name__, (made,), own)
    return made


def _in_class(value: object, own_class: CellType) -> object:
    if not isinstance(value, FunctionType) or value.__code__.co_freevars != ("__class__",):
        return value
    return FunctionType(value.__code__, value.__globals__, value.__name__, value.__defaults__, (own_class,))
