"""Byte code of the device library: what a board has no use for is left out before it is compiled.

Left out are what is there for the type checker or for CPython alone, and the names of private constants, whose values
stand where they are used. Each is a global of its module otherwise, which a board keeps in its memory. Sources that a
board compiles by itself keep them, and work as well.

A class that has but a name, a base and constants, as most errors are, is made by a call: its body would be a function
of its own, and its dictionary would have room to grow.

Line numbers are left out too, unless asked for: every line is where it was, so that they are those of the source.
Leaves compiling to `mpy_cross`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from fota_operator.images.mpy_cross import compiled

_NEVER_TRUE = ("TYPE_CHECKING", "INTERPRETER == 'cpython'", "machine.INTERPRETER == 'cpython'")
_PRIVATE_CONSTANT = re.compile(r"_[A-Z][A-Z0-9_]*")

_Edit = tuple[int, int, bytes]
"""Where it begins, where it ends, what stands there instead."""


def device_bytecode(path: Path, source: bytes, *, keeps_lines: bool = False) -> bytes:
    """The `.mpy` of a module, of which `path` is the place in the library. *Raises* BadInput, OperatorError."""
    name = ".".join(path.with_suffix("").parts)
    # The name that it is imported by: a board has that one in its memory already.
    return compiled(name.removesuffix(".__init__"), lean(source), () if keeps_lines else ("-O3",))


def lean(source: bytes) -> bytes:
    """The source without what a board has no use for, each line where it was."""
    for start, end, instead in sorted(_edits(source), reverse=True):
        source = source[:start] + instead + source[end:]
    return source


def _edits(source: bytes) -> Iterator[_Edit]:
    module = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def span(node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    for node in ast.walk(module):
        if isinstance(node, ast.If) and _is_never_true(node.test):
            yield *span(node.test), b"False"
    for statement in module.body:
        start, end = span(statement)
        if isinstance(statement, ast.ClassDef) and _is_bare(statement):
            yield start, end, _call_of(statement).encode() + b"\n" * source[start:end].count(b"\n")
        if not isinstance(statement, ast.Assign):
            continue
        name = ast.unparse(statement.targets[0])
        if name in ("TYPE_CHECKING", "__all__"):
            yield start, end, b"pass" + b"\n" * source[start:end].count(b"\n")
        elif _PRIVATE_CONSTANT.fullmatch(name) and _is_constant(statement.value):
            start, end = span(statement.value)
            yield start, end, b"const(" + source[start:end] + b")"


def _is_bare(statement: ast.ClassDef) -> bool:
    """Whether a class is its name, one base and constants."""
    is_plain = len(statement.bases) == 1 and not statement.keywords and not statement.decorator_list
    return is_plain and all(_is_text(one) or _is_constant_of_class(one) for one in statement.body)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_constant_of_class(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)


def _call_of(statement: ast.ClassDef) -> str:
    """What makes such a class."""
    pairs = [
        f"{ast.unparse(target)!r}: {ast.unparse(one.value)}"
        for one in statement.body
        if isinstance(one, ast.Assign)
        for target in one.targets
    ]
    base, name = ast.unparse(statement.bases[0]), statement.name
    return f"{name} = type({name!r}, ({base},), {{{', '.join(pairs)}}})"


def _is_never_true(test: ast.expr) -> bool:
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
    return all(ast.unparse(part) in _NEVER_TRUE for part in parts)


def _is_constant(value: ast.expr) -> bool:
    """Whether mpy-cross takes it as one: a number or a text."""
    if isinstance(value, ast.BinOp):
        return _is_constant(value.left) and _is_constant(value.right)
    if isinstance(value, ast.UnaryOp):
        return _is_constant(value.operand)
    return isinstance(value, ast.Constant) and type(value.value) in (int, str, bytes)
