"""JSON values as trees that can say more than a value can: a name twice, a number written in an odd way.

A tree is what `json.loads` gives, except that an object is `Members`. `structure` and `payloads` change trees.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Members(list[tuple[str, object]]):
    """An object: its members in order. A name may be there twice."""

    def get(self, name: str) -> object:
        """The first value of that name; None if there is none."""
        return next((value for found, value in self if found == name), None)

    def put(self, name: str, value: object) -> None:
        """Replace the value of that name, or add it."""
        for index, (found, _) in enumerate(self):
            if found == name:
                self[index] = (name, value)
                return
        self.append((name, value))


class Verbatim:
    """A piece of text that is written as it is, whether or not it is JSON."""

    def __init__(self, text: str) -> None:
        self.text = text


class Place:
    """The place of a value in its tree."""

    def __init__(self, container: list[object] | Members, index: int) -> None:
        self.container = container
        self.index = index

    @property
    def name(self) -> str | None:
        """Of a member; None in a list."""
        return self.container[self.index][0] if isinstance(self.container, Members) else None

    @property
    def value(self) -> object:
        """The value at this place."""
        found = self.container[self.index]
        return found[1] if isinstance(self.container, Members) and isinstance(found, tuple) else found

    def put(self, value: object) -> None:
        """Another value."""
        if isinstance(self.container, Members):
            self.container[self.index] = (self.container[self.index][0], value)
        else:
            self.container[self.index] = value

    def rename(self, name: str) -> None:
        """Another name for the same member; of a list, nothing."""
        if isinstance(self.container, Members):
            self.container[self.index] = (name, self.value)


def tree_of(value: object) -> object:
    """The tree of a value that JSON knows; shares nothing with it."""
    if isinstance(value, dict):
        return Members((name, tree_of(member)) for name, member in value.items())
    if isinstance(value, list):
        return [tree_of(member) for member in value]
    return value


def places(tree: object) -> Iterator[Place]:
    """Every place in a tree, the tree itself left out."""
    if isinstance(tree, list):
        for index in range(len(tree)):
            place = Place(tree, index)
            yield place
            if isinstance(place.value, list):
                yield from places(place.value)


def written(tree: object, *, comma: str = ",", colon: str = ":", ascii_only: bool = True) -> str:
    """The text of a tree, with its members in their order."""
    if isinstance(tree, Verbatim):
        return tree.text
    if isinstance(tree, Members):
        shown = [
            json.dumps(name, ensure_ascii=ascii_only)
            + colon
            + written(value, comma=comma, colon=colon, ascii_only=ascii_only)
            for name, value in tree
        ]
        return "{" + comma.join(shown) + "}"
    if isinstance(tree, list):
        inner = [written(value, comma=comma, colon=colon, ascii_only=ascii_only) for value in tree]
        return "[" + comma.join(inner) + "]"
    return json.dumps(tree, ensure_ascii=ascii_only)


def in_order(tree: object) -> object:
    """The same tree, the members of each object sorted by their names, as what is signed is written."""
    if isinstance(tree, Members):
        return Members(sorted(((name, in_order(value)) for name, value in tree), key=lambda member: member[0]))
    if isinstance(tree, list):
        return [in_order(value) for value in tree]
    return tree
