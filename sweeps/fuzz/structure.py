"""Changes trees one member at a time, so that a parser still reaches the changed member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeps.fuzz import odd
from sweeps.fuzz.trees import Members, Place, in_order, places

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_MAX_CHANGES = 3


def change(dice: Random, tree: object) -> object:
    """The tree after one to three changes, which are made in place; now and then something else altogether."""
    if dice.random() < 0.02:
        return odd.value(dice)
    for _ in range(dice.choice((1, 1, 1, 2, _MAX_CHANGES))):
        found = list(places(tree))
        if not found:
            return odd.value(dice)
        dice.choice(_CHANGES)(dice, dice.choice(found), found)
    return tree


def _drop(_dice: Random, place: Place, _found: list[Place]) -> None:
    del place.container[place.index]


def _double(dice: Random, place: Place, _found: list[Place]) -> None:
    """The member twice: behind itself or at the end, with the same value or another one."""
    again = place.value if dice.random() < 0.5 else odd.value(dice)
    index = dice.choice((place.index, place.index + 1, len(place.container)))
    if isinstance(place.container, Members):
        place.container.insert(index, (place.name or "", again))
    else:
        place.container.insert(index, again)


def _replace(dice: Random, place: Place, _found: list[Place]) -> None:
    place.put(odd.value(dice))


def _nudge(dice: Random, place: Place, _found: list[Place]) -> None:
    """A value of the same type, close by."""
    value = place.value
    if isinstance(value, bool):
        place.put(not value)
    elif isinstance(value, int):
        place.put(dice.choice((value + 1, value - 1, -value, odd.number(dice))))
    elif isinstance(value, str):
        place.put(_nudged(dice, value))
    elif isinstance(value, list):
        dice.shuffle(value)
    else:
        place.put(odd.value(dice))


def _nudged(dice: Random, value: str) -> str:
    at = dice.randrange(len(value) + 1)
    letter = dice.choice('0aAfFgz=+/ \n\0\u00e9"\\._-')
    return dice.choice(
        (
            value[:at] + letter + value[at:],
            value[:at] + letter + value[at + 1 :],
            value[:at] + value[at + 1 :],
            value[:at],
            value.upper(),
            value.swapcase(),
            value + value,
            value + " ",
            odd.text(dice),
        )
    )


def _rename(dice: Random, place: Place, _found: list[Place]) -> None:
    place.rename(_nudged(dice, place.name or "") if dice.random() < 0.5 else odd.name(dice))


def _add(dice: Random, place: Place, _found: list[Place]) -> None:
    """A member that nobody asked for."""
    if isinstance(place.container, Members):
        place.container.insert(place.index, (odd.name(dice), odd.value(dice)))
    else:
        place.container.insert(place.index, odd.value(dice))


def _nest(dice: Random, place: Place, _found: list[Place]) -> None:
    place.put(odd.nested(dice, place.value))


def _graft(dice: Random, place: Place, found: list[Place]) -> None:
    """The value of another place, copied: of it nothing may hold this one."""
    place.put(in_order(dice.choice(found).value))


def _fill(dice: Random, place: Place, _found: list[Place]) -> None:
    """A list with its member as often as there may be, or once more."""
    place.put([in_order(place.value) for _ in range(dice.choice((1, 8, 9, 16, 17)))])


_CHANGES: tuple[Callable[[Random, Place, list[Place]], None], ...] = (
    _drop, _drop, _double, _replace, _replace, _replace, _nudge, _nudge, _nudge, _rename, _add, _nest, _graft, _fill,
)  # fmt: skip
