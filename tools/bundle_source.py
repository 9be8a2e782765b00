"""Reads a module of the device library for a bundle: what it defines, what it imports, and what a board runs of it.

Without what is there only for the type checker, for CPython, or for a reader. An import inside a function counts as
one of the module, since all modules of a bundle are there from the start, but for those in a file that comes late.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from fota_operator.board.byte_code import is_bare, is_never_true
from fota_operator.board.modules import SOURCE, path_of

BUNDLE = "fota_bundle"
LATE = {
    "fota_bundle_policy": ("aws.iot.asked_job", "aws.iot.deferrals", "fota.policy"),
    "fota_bundle_patch": ("aws.iot.offered_patches", "fota.patch.patched"),
    "fota_bundle_connected": ("aws.iot.job_progress",),
    "fota_bundle_rare": ("aws.iot.keyring_job", "aws.iot.storage_trouble", "fota.transfer.retry_after"),
}
"""The files that a board loads when they are needed, as few programs do: what each begins with. The code imports it
within functions alone."""


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
        self.file = BUNDLE
        """The file of the bundle that it is in."""
        tree = ast.parse((SOURCE / path).read_bytes())
        self._note_listed(tree)
        self.tree = _Lean(self).visit(tree)
        for statement in self.tree.body:
            self.defined.update(_bound_by(statement))

    def _note_listed(self, tree: ast.Module) -> None:
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
                self.is_listed.update(ast.literal_eval(statement.value))

    def take_import(
        self, node: "ast.Import | ast.ImportFrom", *, is_late: bool
    ) -> "ast.stmt | list[ast.stmt] | None":
        """Note what it imports; what is left of the statement."""
        if isinstance(node, ast.Import):
            for one in node.names:
                self.outside[one.asname or one.name] = f"import {ast.unparse(one)}"
            return node if is_late else None
        source = node.module or ""
        if not source.startswith(("fota", "aws")):
            for one in node.names:
                self.outside[one.asname or one.name] = f"from {source} import {ast.unparse(one)}"
            return node if is_late else None
        if path_of(source) is None or (
            source not in self.bundled and path_of(f"{source}.{node.names[0].name}") is None
        ):
            return node
        return self._taken(source, node.names, is_late=is_late)

    def _taken(self, source: str, names: "list[ast.alias]", *, is_late: bool) -> "list[ast.stmt]":
        """The same for names of the bundle: it is left to import their file, unless that is there from the start."""
        late: list[ast.stmt] = []
        for one in names:
            below = f"{source}.{one.name}"
            target = (below, "") if below in self.bundled else (source, one.name)
            local = one.asname or one.name
            if self.imported.setdefault(local, target) != target:
                raise ValueError(f"{self.name}: {local} is imported as two things")
            if not is_late and target[0] not in self.order:
                self.order.append(target[0])
            if is_late:
                late.append(LateImport(target[0]))
        return late


class LateImport(ast.Pass):
    """Stands where a module is imported within a function, until it is known in which file that is."""

    def __init__(self, module: str) -> None:
        super().__init__()
        self.module = module


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

    def visit_Import(self, node: ast.Import) -> "ast.AST | list[ast.stmt] | None":
        return self._module.take_import(node, is_late=self._depth > 0)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> "ast.AST | list[ast.stmt] | None":
        return self._module.take_import(node, is_late=self._depth > 0)

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


class _Placed(ast.NodeTransformer):
    """Puts the import of its file in the place of a late import; nothing where the file is there already."""

    def __init__(self, modules: "Mapping[str, Module]", file: str) -> None:
        self._modules = modules
        self._file = file

    def visit_LateImport(self, node: LateImport) -> "ast.stmt | None":
        file = self._modules[node.module].file
        return None if file in (BUNDLE, self._file) else ast.Import([ast.alias(file)])


def place(modules: "Mapping[str, Module]", starts: "Sequence[str]") -> None:
    """Say of each module in which file of the bundle it is, and of each import within a function what it imports."""
    late = {name for names in LATE.values() for name in names}
    seen: set[str] = set()
    for file, roots in ((BUNDLE, starts), *LATE.items()):
        waiting = list(roots)
        while waiting:
            name = waiting.pop()
            if name in modules and name not in seen and (file != BUNDLE or name not in late):
                seen.add(name)
                modules[name].file = file
                waiting += [target for target, _ in modules[name].imported.values()]
    for module in modules.values():
        module.tree = _Placed(modules, module.file).visit(module.tree)


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
