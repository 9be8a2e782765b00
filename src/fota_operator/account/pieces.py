"""The pieces that `fota bootstrap` makes: for each, how to see whether it is right, and how to correct it. Values.

Leaves to others: what the pieces are (`bucket`, `presign_role`, `grants`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from fota_operator.cloud import explaining
from fota_operator.errors import CloudRefused

Found = Literal["right", "missing", "differs", "unavailable"]
"""Unavailable: this AWS has no such thing, and nothing is made."""


@dataclass(frozen=True)
class Look:
    """What was found, and why it is not right."""

    found: Found
    why: str = ""


RIGHT = Look("right")


def differs(why: str) -> Look:
    """It is there, but not as it should be."""
    return Look("differs", why)


def missing(why: str) -> Look:
    """It is not there."""
    return Look("missing", why)


def unavailable(why: str) -> Look:
    """This AWS has no such thing."""
    return Look("unavailable", why)


@dataclass(frozen=True)
class Piece:
    """One piece: `text` says how it is when it is right. `make` is called if `look` found it missing or different.

    `look` *raises* AlreadyThere for something that has the name of ours but is not ours.
    """

    subject: str
    text: str
    look: Callable[[], Look]
    make: Callable[[], None]


class Absent(Exception):
    """What was looked for is not there."""


@contextmanager
def looking(what: str, *absent: str) -> Iterator[None]:
    """Ask AWS in the block. *Raises* Absent for a refusal with a code in `absent`, else what `explaining` raises."""
    try:
        with explaining(f"look at {what}"):
            yield
    except CloudRefused as error:
        if error.code in absent:
            raise Absent from error
        raise
