"""Finds the pieces of a syntax tree that have the shape of a snippet."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sweeps.seeding.snippets import ANY, GAP, is_gap, placeholder

Found = dict[str, tuple[ast.AST, ...]]
"""What each placeholder is in the place that was found."""

_NO_MATTER = frozenset({"ctx", "kind", "type_comment"})
"""Fields that say nothing of what the code does."""


@dataclass(frozen=True)
class Spot:
    """A place in a syntax tree: one field of a node, or a run of elements in a list."""

    owner: ast.AST
    field: str
    start: int | None
    """None where the field is no list."""
    length: int
    found: Found

    def nodes(self) -> list[ast.AST]:
        """What is there."""
        value = getattr(self.owner, self.field)
        return [value] if self.start is None else value[self.start : self.start + self.length]

    def put(self, nodes: Sequence[ast.AST]) -> None:
        """Put other nodes there; a body that becomes empty does nothing."""
        if self.start is None:
            (node,) = nodes
            setattr(self.owner, self.field, node)
            return
        around: list[ast.AST] = getattr(self.owner, self.field)
        around[self.start : self.start + self.length] = nodes
        if not around and self.field == "body":
            around.append(ast.Pass())


def expressions(pattern: ast.expr, scope: ast.AST) -> Iterator[Spot]:
    """Every expression below a node that has the shape of the pattern."""
    for owner in ast.walk(scope):
        for field, value in ast.iter_fields(owner):
            for start, node in enumerate(value if isinstance(value, list) else [value]):
                found = matched(pattern, node, {}) if isinstance(node, ast.expr) else None
                if found is not None:
                    yield Spot(owner, field, start if isinstance(value, list) else None, 1, found)


def statements(pattern: Sequence[ast.stmt], scope: ast.AST) -> Iterator[Spot]:
    """Every run of statements below a node that has the shape of the pattern."""
    for owner in ast.walk(scope):
        for field, value in ast.iter_fields(owner):
            if isinstance(value, list) and all(isinstance(node, ast.stmt) for node in value):
                for start in range(len(value)):
                    length, found = _run(pattern, value[start:])
                    if found is not None:
                        yield Spot(owner, field, start, length, found)


def _run(pattern: Sequence[ast.AST], nodes: Sequence[ast.AST]) -> tuple[int, Found | None]:
    """The shortest beginning of the nodes that has the shape of the pattern."""
    for length in range(1, len(nodes) + 1):
        found = _all_matched(pattern, nodes[:length], {})
        if found is not None:
            return length, found
    return 0, None


def matched(pattern: object, node: object, found: Found) -> Found | None:
    """What the placeholders are if the node has the shape of the pattern, added to what is known; else None."""
    name = placeholder(pattern)
    if name is not None and isinstance(node, ast.expr):
        return _bound(name, node, found)
    if isinstance(pattern, list) and isinstance(node, list):
        return _all_matched(pattern, node, found)
    if type(pattern) is not type(node):
        return None
    if not isinstance(pattern, ast.AST):
        return found if pattern == node else None
    if isinstance(pattern, ast.Call) and isinstance(node, ast.Call):
        return _call_matched(pattern, node, found)
    so_far: Found | None = found
    for field in pattern._fields:
        if so_far is not None and field not in _NO_MATTER:
            so_far = matched(getattr(pattern, field, None), getattr(node, field, None), so_far)
    return so_far


def _bound(name: str, node: ast.expr, found: Found) -> Found | None:
    if name == ANY:
        return found
    known = None if name == GAP else found.get(name)
    if known is None:
        return {**found, name: (node,)}
    return found if matched(known[0], node, {}) is not None else None


def _all_matched(pattern: Sequence[ast.AST], nodes: Sequence[ast.AST], found: Found) -> Found | None:
    """The same of two sequences; a gap is tried with each length."""
    if not pattern:
        return None if nodes else found
    if is_gap(pattern[0]):
        for length in range(len(nodes) + 1):
            rest = _all_matched(pattern[1:], nodes[length:], {**found, GAP: tuple(nodes[:length])})
            if rest is not None:
                return rest
        return None
    first = matched(pattern[0], nodes[0], found) if nodes else None
    return None if first is None else _all_matched(pattern[1:], nodes[1:], first)


def _call_matched(pattern: ast.Call, node: ast.Call, found: Found) -> Found | None:
    """The same of two calls: keywords have no order, and a gap takes in those that the pattern does not name."""
    so_far = matched(pattern.func, node.func, found)
    keywords = {keyword.arg: keyword for keyword in node.keywords}
    for wanted in pattern.keywords:
        given = keywords.pop(wanted.arg, None)
        if so_far is not None:
            so_far = None if given is None else matched(wanted.value, given.value, so_far)
    has_gap = any(is_gap(argument) for argument in pattern.args)
    if so_far is None or (keywords and not has_gap):
        return None
    so_far = _all_matched(pattern.args, node.args, so_far)
    if so_far is not None and has_gap:
        so_far = {**so_far, GAP: (*so_far[GAP], *keywords.values())}
    return so_far
