"""Snippets of Python with placeholders: a patch looks for one, and puts another one there."""

from __future__ import annotations

import ast
import copy
import re
import textwrap
from collections.abc import Mapping, Sequence

ANY = "_"
GAP = "..."

_PLACEHOLDER = re.compile(r"_[0-9]*")


class Snippet:
    """Statements, or one expression. *Raises* SyntaxError if it is no Python."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.body: list[ast.stmt] = ast.parse(textwrap.dedent(text).strip()).body
        only = self.body[0] if len(self.body) == 1 else None
        self.expression = only.value if isinstance(only, ast.Expr) else None
        """The expression that the whole snippet is; None if it is statements."""

    def names(self) -> set[str]:
        """The placeholders in it that refer to what was found."""
        nodes = [node for statement in self.body for node in ast.walk(statement)]
        return {name for name in map(placeholder, nodes) if name is not None and name != ANY}


def placeholder(node: object) -> str | None:
    """The name of a placeholder for one expression; None if the node is none."""
    if isinstance(node, ast.Name) and _PLACEHOLDER.fullmatch(node.id):
        return node.id
    return GAP if isinstance(node, ast.Constant) and node.value is ... else None


def is_gap(node: ast.AST) -> bool:
    """Whether a node, where several may be, is a placeholder for any number of them."""
    return placeholder(node.value if isinstance(node, ast.Expr) else node) == GAP


def filled(pieces: Sequence[ast.AST], found: Mapping[str, Sequence[ast.AST]]) -> list[ast.AST]:
    """The pieces of a snippet, each placeholder replaced by what it was found to be."""
    filling, nodes = _Filling(found), []
    for piece in pieces:
        put: ast.AST | list[ast.AST] = filling.visit(copy.deepcopy(piece))
        nodes += put if isinstance(put, list) else [put]
    return nodes


class _Filling(ast.NodeTransformer):
    """Puts what was found into the places of placeholders."""

    def __init__(self, found: Mapping[str, Sequence[ast.AST]]) -> None:
        self._found = found

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self._found[node.id][0]) if node.id in self._found else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.AST]:
        return self._gap() if is_gap(node) else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST | list[ast.AST]:
        return self._gap() if is_gap(node) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.keywords += [given for given in node.args if isinstance(given, ast.keyword)]
        node.args = [given for given in node.args if not isinstance(given, ast.keyword)]
        return node

    def _gap(self) -> ast.AST | list[ast.AST]:
        nodes = [copy.deepcopy(node) for node in self._found[GAP]]
        return nodes[0] if len(nodes) == 1 else nodes
