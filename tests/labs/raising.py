"""Errors that nobody expected, and functions that raise them for a while."""

from collections.abc import Callable


class Unprintable(Exception):
    """A class of somebody else's that fails at everything."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def failing(error: BaseException, times: int, then: Callable[..., object]) -> Callable[..., object]:
    """A function that raises so often, and works afterwards."""
    left = [times]

    def call(*arguments: object, **options: object) -> object:
        if left[0]:
            left[0] -= 1
            raise error
        return then(*arguments, **options)

    return call
