"""A value that a test knows is there, although its type says that it may be None."""

from typing import TypeVar

Value = TypeVar("Value")


def present(value: Value | None) -> Value:
    """The value. *Raises* AssertionError if there is none."""
    assert value is not None, "there is none"
    return value
