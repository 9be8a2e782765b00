"""Replaces the names of a module by those that they have in a bundle, as Python's scopes say.

Leaves to others: which name a bundle gives to what (`bundle_names`), and the order of the modules (`bundle`).
"""

# ruff: noqa: D102, N815  # `ast` names the methods `visit_X`, and says what they do

import ast
from collections.abc import Callable, Iterator
from typing import TypeVar

Global = Callable[[str], "ast.expr | None"]
"""What stands in the bundle for a global name of a module; None for one that stays, as those of Python."""

_Made = TypeVar("_Made", bound=ast.AST)
_Scope = (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bound_in(node: ast.AST) -> "set[str]":
    """The names that a function, class or comprehension binds, without those of the scopes within it."""
    bound: set[str] = set()
    stays_global: set[str] = set()
    waiting = list(_inside(node))
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Name) and isinstance(part.ctx, (ast.Store, ast.Del)):
            bound.add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
        elif isinstance(part, ast.ExceptHandler) and part.name:
            bound.add(part.name)
        elif isinstance(part, ast.Global):
            stays_global.update(part.names)
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            bound.update(one.asname or one.name.split(".")[0] for one in part.names)
        if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            bound.add(part.name)
        if not isinstance(part, _Scope):
            waiting.extend(ast.iter_child_nodes(part))
    return bound - stays_global


def _inside(node: ast.AST) -> "Iterator[ast.AST]":
    """The parts of a scope that are within it: not its decorators, bases and defaults."""
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        arguments = node.args
        yield from (*arguments.args, *arguments.kwonlyargs)
        yield from (one for one in (arguments.vararg, arguments.kwarg) if one)
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield from node.body
    elif isinstance(node, ast.Lambda):
        yield node.body
    elif isinstance(node, _Comprehension):
        yield from ast.iter_child_nodes(node)


class Renamer(ast.NodeTransformer):
    """Renames what one module says; called with its tree once, and with each part of it once."""

    def __init__(
        self,
        of_global: Global,
        attribute: "Callable[[str], str]",
        locals_of: "Callable[[list[str], set[str]], dict[str, str]]",
    ) -> None:
        self._of_global = of_global
        self._attribute = attribute
        self._locals_of = locals_of
        self._scopes: list[tuple[bool, set[str], dict[str, str]]] = []
        """From the outermost: whether it is a class, what it binds, and what of that has another name."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        for at, (is_class, bound, others) in enumerate(reversed(self._scopes)):
            if node.id in bound and (not is_class or at == 0):
                name = self._attribute(node.id) if is_class else others.get(node.id, node.id)
                return ast.copy_location(ast.Name(name, node.ctx), node)
        instead = self._of_global(node.id)
        return node if instead is None else ast.copy_location(_stored(instead, node.ctx), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and not any(node.value.id in bound for _, bound, _ in self._scopes):
            within = self._of_global(f"{node.value.id}.{node.attr}")
            if within is not None:
                return ast.copy_location(within, node)
        node.value = self.visit(node.value)
        node.attr = self._attribute(node.attr)
        return node

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        node.names = [ast.unparse(self._of_global(name) or ast.Name(name, ast.Load())) for name in node.names]
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.name:
            node.name = self._scopes[-1][2].get(node.name, node.name) if self._scopes else node.name
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.name = self._name_here(node.name)
        self._function(node)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self._function(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        node.bases = [self.visit(one) for one in node.bases]
        node.name = self._name_here(node.name)
        with_class = (True, bound_in(node), dict[str, str]())
        self._scopes.append(with_class)
        node.body = [self.visit(one) for one in node.body]
        self._scopes.pop()
        return node

    def _name_here(self, name: str) -> str:
        return ast.unparse(self.visit_Name(ast.Name(name, ast.Store())))

    def _function(self, node: "ast.FunctionDef | ast.Lambda") -> None:
        arguments = node.args
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]
        bound = bound_in(node)
        others = self._renamed(node, bound)
        self._scopes.append((False, bound, others))
        for one in (*arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if one is not None:
                one.arg = others.get(one.arg, one.arg)
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            node.body = [self.visit(one) for one in node.body]
        self._scopes.pop()

    def _renamed(self, node: "ast.FunctionDef | ast.Lambda", bound: "set[str]") -> "dict[str, str]":
        if isinstance(node, ast.Lambda):
            return {}
        positional = [one.arg for one in node.args.args]
        nested = [one.name for one in ast.walk(node) if isinstance(one, ast.FunctionDef) and one is not node]
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} | bound
        used.update(one.arg for one in ast.walk(node) if isinstance(one, ast.arg))
        return self._locals_of([*positional, *(one for one in nested if one in bound)], used)

    def _comprehended(self, node: _Made) -> _Made:
        self._scopes.append((False, bound_in(node), {}))
        self.generic_visit(node)
        self._scopes.pop()
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehended


def _stored(value: ast.expr, context: ast.expr_context) -> ast.expr:
    return ast.Name(value.id, context) if isinstance(value, ast.Name) else value
