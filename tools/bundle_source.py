"""Reads a module of the device library for a bundle: what it defines, what it imports, and what a board runs of it.

Without what is there only for the type checker, for CPython, or for a reader. An import inside a function counts as
one of the module, since all modules of a bundle are there from the start.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from fota_operator.board.byte_code import is_bare, is_never_true
from fota_operator.board.modules import SOURCE, path_of


class Module:
    """One module: its statements, and what its global names mean."""

    def __init__(self, name: str, path: Path, bundled: "frozenset[str]") -> None:
        self.name = name
        self.path = path
        self.bundled = bundled
        self.defined: set[str] = set()
        """Its own global names."""
        self.imported: dict[str, tuple[str, str]] = {}
        """Global names that come of other modules of the bundle: the module, and the name there; "" is the module."""
        self.outside: dict[str, str] = {}
        """The import of each name that comes of MicroPython's modules."""
        self.is_listed: set[str] = set()
        """What it hands on of other modules: `__all__`."""
        self.order: list[str] = []
        """The modules that must be there before it."""
        self._is_late = False
        tree = ast.parse((SOURCE / path).read_bytes())
        self._note_listed(tree)
        self.tree = _Lean(self).visit(tree)
        for statement in self.tree.body:
            self.defined.update(_bound_by(statement))

    def _note_listed(self, tree: ast.Module) -> None:
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
                self.is_listed.update(ast.literal_eval(statement.value))

    def take_import(self, node: "ast.Import | ast.ImportFrom", *, is_late: bool) -> bool:
        """Note what it imports; whether the statement is no longer needed."""
        if isinstance(node, ast.Import):
            for one in node.names:
                self.outside[one.asname or one.name] = f"import {ast.unparse(one)}"
            return not is_late
        source = node.module or ""
        if not source.startswith(("fota", "aws")):
            for one in node.names:
                self.outside[one.asname or one.name] = f"from {source} import {ast.unparse(one)}"
            return not is_late
        if path_of(source) is None or (
            source not in self.bundled and path_of(f"{source}.{node.names[0].name}") is None
        ):
            return False
        for one in node.names:
            below = f"{source}.{one.name}"
            target = (below, "") if below in self.bundled else (source, one.name)
            local = one.asname or one.name
            if self.imported.setdefault(local, target) != target:
                raise ValueError(f"{self.name}: {local} is imported as two things")
            if not is_late and target[0] not in self.order:
                self.order.append(target[0])
        return True


def _bound_by(statement: ast.stmt) -> "Iterator[str]":
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
    else:
        yield from (
            one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        )


class _Lean(ast.NodeTransformer):
    """Takes away what no board runs, and the imports among the modules of the bundle."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._depth = 0

    def visit_If(self, node: ast.If) -> "ast.AST | list[ast.stmt]":
        if is_never_true(node.test):
            return [kept for one in node.orelse for kept in self._kept(one)]
        return self.generic_visit(node)

    def _kept(self, statement: ast.stmt) -> "list[ast.stmt]":
        made = self.visit(statement)
        return made if isinstance(made, list) else [] if made is None else [made]

    def visit_Import(self, node: ast.Import) -> "ast.stmt | None":
        return None if self._module.take_import(node, is_late=self._depth > 0) else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> "ast.stmt | None":
        return None if self._module.take_import(node, is_late=self._depth > 0) else node

    def visit_Expr(self, node: ast.Expr) -> "ast.AST | None":
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> "ast.AST | None":
        if ast.unparse(node.targets[0]) in ("TYPE_CHECKING", "__all__"):
            return None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> "ast.AST | None":
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], self.visit(node.value)), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        for one in ast.walk(node.args):
            if isinstance(one, ast.arg):
                one.annotation = None
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return _with_body(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # A class that is only a name, a base and constants is made by a call, which costs less.
        bare = self._depth == 0 and is_bare(node)
        self.generic_visit(node)
        return ast.copy_location(_made_by_call(node), node) if bare else _with_body(node)


def _with_body(node: "ast.FunctionDef | ast.ClassDef") -> ast.AST:
    node.body = node.body or [ast.Pass()]
    return node


def _made_by_call(node: ast.ClassDef) -> ast.stmt:
    pairs = [
        (target.id, one.value)
        for one in node.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    ]
    members = ast.Dict([ast.Constant(name) for name, _ in pairs], [value for _, value in pairs])
    bases = ast.Tuple(node.bases, ast.Load())
    call = ast.Call(ast.Name("type", ast.Load()), [ast.Constant(node.name), bases, members], [])
    return ast.Assign([ast.Name(node.name, ast.Store())], call)
