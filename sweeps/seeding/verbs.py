"""The verbs: what a patch does to the code below an address. The package says what a snippet may contain."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sweeps.seeding.addresses import DoesNotFit
from sweeps.seeding.matching import Spot, expressions, statements
from sweeps.seeding.snippets import Snippet, filled


@dataclass(frozen=True)
class Patch:
    """One change of a syntax tree."""

    text: str
    """As the catalogue has it: two patches of the same text do the same."""
    edit: Callable[[ast.AST], None] = field(compare=False)
    """Changes the tree below a node in place. *Raises* DoesNotFit."""


def patched(text: str, patches: Iterable[Patch]) -> str:
    """The text of a module with the patches, in their order. *Raises* DoesNotFit."""
    tree = ast.parse(text)
    for patch in patches:
        patch.edit(tree)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def replace(old: str, new: str) -> Patch:
    """Put a snippet in the place of another one."""
    wanted, given = Snippet(old), _given(old, new)

    def edit(scope: ast.AST) -> None:
        if wanted.expression is None or given.expression is None:
            spot = _statements(wanted, scope)
            spot.put(filled(given.body, spot.found))
        else:
            spot = _expression(wanted, scope)
            spot.put(filled([given.expression], spot.found))

    return _patch(edit, "replace", old, new)


def drop(old: str) -> Patch:
    """Take statements away."""
    wanted = Snippet(old)
    return _patch(lambda scope: _statements(wanted, scope).put([]), "drop", old)


def drop_operand(old: str) -> Patch:
    """Take one operand of an `and` or an `or` away."""
    wanted = Snippet(old)

    def edit(scope: ast.AST) -> None:
        spots = (spot for spot in _expressions(wanted, scope) if isinstance(spot.owner, ast.BoolOp))
        _only(wanted, spots).put([])

    return _patch(edit, "drop_operand", old)


def never(condition: str) -> Patch:
    """A condition counts as false, and is not looked at."""
    return _patch(replace(condition, "False").edit, "never", condition)


def always(condition: str) -> Patch:
    """A condition counts as true, and is not looked at."""
    return _patch(replace(condition, "True").edit, "always", condition)


def negate(condition: str) -> Patch:
    """A condition counts as the opposite of what it is."""
    wanted = Snippet(condition)

    def edit(scope: ast.AST) -> None:
        spot = _expression(wanted, scope)
        (node,) = spot.nodes()
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            spot.put([node.operand])
        elif isinstance(node, ast.expr):
            spot.put([ast.UnaryOp(ast.Not(), node)])

    return _patch(edit, "negate", condition)


def compare(old: str, operator: str) -> Patch:
    """A comparison is made with another operator."""
    wanted, (new,) = Snippet(old), _operators(f"_ {operator} _")

    def edit(scope: ast.AST) -> None:
        (node,) = _expression(wanted, scope).nodes()
        if not isinstance(node, ast.Compare):
            raise DoesNotFit(f"{old!r} is no comparison")
        node.ops = [new]

    return _patch(edit, "compare", old, operator)


def returns(value: str, *, instead_of: str = "_") -> Patch:
    """Another value is returned, in the one place where that is done."""
    return _patch(replace(f"return {instead_of}", f"return {value}").edit, "returns", value, instead_of)


def set_to(target: str, value: str) -> Patch:
    """A name or an attribute gets another value, in the one assignment to it."""
    return _patch(replace(f"{target} = _", f"{target} = {value}").edit, "set_to", target, value)


def swap(first: str, second: str) -> Patch:
    """Two pieces of code, each of one or more statements, take each other's place."""
    one, other = Snippet(first), Snippet(second)

    def edit(scope: ast.AST) -> None:
        here, there = _statements(one, scope), _statements(other, scope)
        if here.owner is there.owner and here.field == there.field and (here.start or 0) > (there.start or 0):
            here, there = there, here
        moved, back = here.nodes(), there.nodes()
        # The later one first, so that the place of the earlier one stays what it is.
        there.put(moved)
        here.put(back)

    return _patch(edit, "swap", first, second)


def before(anchor: str, new: str) -> Patch:
    """Statements are put before others."""
    place, added = Snippet(anchor), _given(anchor, new)

    def edit(scope: ast.AST) -> None:
        spot = _statements(place, scope)
        spot.put([*filled(added.body, spot.found), *spot.nodes()])

    return _patch(edit, "before", anchor, new)


def after(anchor: str, new: str) -> Patch:
    """Statements are put behind others."""
    place, added = Snippet(anchor), _given(anchor, new)

    def edit(scope: ast.AST) -> None:
        spot = _statements(place, scope)
        spot.put([*spot.nodes(), *filled(added.body, spot.found)])

    return _patch(edit, "after", anchor, new)


def at_start(new: str) -> Patch:
    """Statements are put at the beginning."""
    added = Snippet(new)

    def edit(scope: ast.AST) -> None:
        _body(scope)[:0] = filled(added.body, {})

    return _patch(edit, "at_start", new)


def at_end(new: str) -> Patch:
    """Statements are put at the end."""
    added = Snippet(new)
    return _patch(lambda scope: _body(scope).extend(filled(added.body, {})), "at_end", new)


def takes(parameter: str) -> Patch:
    """A function takes one parameter more, after the others."""
    (model,) = Snippet(f"def function({parameter}): pass").body

    def edit(scope: ast.AST) -> None:
        if not isinstance(scope, ast.FunctionDef) or not isinstance(model, ast.FunctionDef):
            raise DoesNotFit("expected a function")
        scope.args.args += model.args.args

    return _patch(edit, "takes", parameter)


def _patch(edit: Callable[[ast.AST], None], verb: str, *snippets: str) -> Patch:
    return Patch(f"{verb}({', '.join(map(repr, snippets))})", edit)


def _given(old: str, new: str) -> Snippet:
    """A snippet that may use what the other one has found. *Raises* ValueError for what that one does not have."""
    known, given = Snippet(old).names(), Snippet(new)
    if given.names() - known:
        raise ValueError(f"{new}: {', '.join(sorted(given.names() - known))} is not in {old}")
    return given


def _operators(comparison: str) -> list[ast.cmpop]:
    expression = Snippet(comparison).expression
    return expression.ops if isinstance(expression, ast.Compare) else []


def _body(scope: ast.AST) -> list[ast.AST]:
    body: list[ast.AST] | None = getattr(scope, "body", None)
    if body is None:
        raise DoesNotFit("expected something with a body")
    return body


def _expressions(snippet: Snippet, scope: ast.AST) -> Iterator[Spot]:
    if snippet.expression is None:
        raise ValueError(f"{snippet.text}: expected an expression")
    return expressions(snippet.expression, scope)


def _expression(snippet: Snippet, scope: ast.AST) -> Spot:
    return _only(snippet, _expressions(snippet, scope))


def _statements(snippet: Snippet, scope: ast.AST) -> Spot:
    return _only(snippet, statements(snippet.body, scope))


def _only(snippet: Snippet, spots: Iterator[Spot]) -> Spot:
    found = list(spots)
    if len(found) != 1:
        raise DoesNotFit(f"{snippet.text!r} was found {len(found)} times")
    return found[0]
