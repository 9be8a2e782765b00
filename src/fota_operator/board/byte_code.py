"""Makes the byte code of the device library, without what a board has no use for.

It leaves out what is there only for the type checker or for CPython, and replaces the names of private constants by
their values. Otherwise each name is a global of its module, which a board keeps in its memory. Sources that a board
compiles by itself keep the names, and work as well.

The rules of a connection are numbers that two halves share. Each number is also put where it is used, and their
module becomes empty.

A public constant that no other module of the device reads is treated as a private one.

A class that has only a name, a base and constants, like most errors, is made by a call: its body would be a function
of its own, and its dictionary would have room to grow.

It also leaves out what only a traceback needs, unless asked for: line numbers, and the names of a module's private
functions and classes. Every line stays where it was, so that the numbers are those of the source.
Leaves to others: compiling (`mpy_cross`).
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from fota_operator.board.modules import SOURCE
from fota_operator.images.mpy_cross import compiled

_NEVER_TRUE = ("TYPE_CHECKING", "INTERPRETER == 'cpython'", "machine.INTERPRETER == 'cpython'")
_PRIVATE_CONSTANT = re.compile(r"_[A-Z][A-Z0-9_]*")
_WORD = re.compile(r"\b[A-Z][A-Z0-9_]+\b")

_RULES = Path("aws/iot/mqtt/rules.py")
_RULE = re.compile(rb"\brules\.([A-Z][A-Z_]*)\b")
_IMPORT_OF_RULES = re.compile(rb"^from aws\.iot\.mqtt import (?:(\w+(?:, \w+)*), )?rules$", re.MULTILINE)

_Edit = tuple[int, int, bytes]
"""Where it begins, where it ends, and the text to put there instead."""


def device_bytecode(path: Path, source: bytes, *, keeps_lines: bool = False) -> bytes:
    """The `.mpy` of a module; `path` is its place in the library. *Raises* BadInput, OperatorError."""
    name = ".".join(path.with_suffix("").parts)
    # The name that it is imported by: a board already has it in its memory.
    if path == _RULES:
        source = b""
    prepared = own_constants_private(path, source)
    if not keeps_lines:
        prepared = with_short_names(prepared)
    return compiled(name.removesuffix(".__init__"), lean(prepared), () if keeps_lines else ("-O3",))


def own_constants_private(path: Path, source: bytes) -> bytes:
    """The source with `_` before each constant that no other module of the device reads; every line where it was."""
    if path not in _words():
        return source
    elsewhere = {word for other, words in _words().items() if other != path for word in words}
    text = source.decode()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and _is_constant(statement.value):
            name = ast.unparse(statement.targets[0])
            if _WORD.fullmatch(name) and name not in elsewhere:
                text = re.sub(rf"(?<![\w.]){name}\b", f"_{name}", text)
    return text.encode()


def with_short_names(source: bytes) -> bytes:
    """The source with short names for the private functions and classes of the module; every line where it was."""
    text, count = source.decode(), 0
    for statement in ast.parse(source).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and statement.name.startswith("_"):
            name = statement.name
            # One that is a method, an attribute or a keyword too keeps its name.
            if len(re.findall(rf"(def|class) {name}\b", text)) == 1 and not re.search(rf"\.{name}\b|\b{name}=", text):
                text, count = re.sub(rf"\b{name}\b", f"_{count}", text), count + 1
    return text.encode()


@functools.cache
def _words() -> dict[Path, frozenset[str]]:
    """The names in capitals that each module of the device has."""
    # Where the library is installed, other people have packages below `aws` too.
    paths = [path for package in ("fota", "aws/iot") for path in (SOURCE / package).rglob("*.py")]
    return {
        path.relative_to(SOURCE): frozenset(_WORD.findall(path.read_text(encoding="utf-8")))
        for path in paths
        if not path.stem.endswith("_cpython")
    }


def lean(source: bytes) -> bytes:
    """The source without what a board has no use for, each line where it was."""
    source = _with_rules(source)
    for start, end, instead in sorted(_edits(source), reverse=True):
        source = source[:start] + instead + source[end:]
    return source


def _with_rules(source: bytes) -> bytes:
    """The source with the value of each rule in the place of its name."""
    if not _IMPORT_OF_RULES.search(source):
        return source
    values = {
        ast.unparse(statement.targets[0]): ast.unparse(statement.value)
        for statement in ast.parse((SOURCE / _RULES).read_bytes()).body
        if isinstance(statement, ast.Assign)
    }
    source = _IMPORT_OF_RULES.sub(_import_of_others, source)
    return _RULE.sub(lambda found: values[found[1].decode()].encode(), source)


def _import_of_others(found: "re.Match[bytes]") -> bytes:
    return b"from aws.iot.mqtt import " + found[1] if found[1] else b"pass"


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
        if isinstance(node, ast.If) and is_never_true(node.test):
            yield *span(node.test), b"False"
    for statement in module.body:
        start, end = span(statement)
        if isinstance(statement, ast.ClassDef) and is_bare(statement):
            yield start, end, _call_of(statement).encode() + b"\n" * source[start:end].count(b"\n")
        if not isinstance(statement, ast.Assign):
            continue
        name = ast.unparse(statement.targets[0])
        if name in ("TYPE_CHECKING", "__all__"):
            yield start, end, b"pass" + b"\n" * source[start:end].count(b"\n")
        elif _PRIVATE_CONSTANT.fullmatch(name) and _is_constant(statement.value):
            start, end = span(statement.value)
            yield start, end, b"const(" + source[start:end] + b")"


def is_bare(statement: ast.ClassDef) -> bool:
    """Whether a class is its name, one base and constants."""
    is_plain = len(statement.bases) == 1 and not statement.keywords and not statement.decorator_list
    return is_plain and all(_is_text(one) or _is_constant_of_class(one) for one in statement.body)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_constant_of_class(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)


def _call_of(statement: ast.ClassDef) -> str:
    """The call that makes such a class."""
    pairs = [
        f"{ast.unparse(target)!r}: {ast.unparse(one.value)}"
        for one in statement.body
        if isinstance(one, ast.Assign)
        for target in one.targets
    ]
    base, name = ast.unparse(statement.bases[0]), statement.name
    return f"{name} = type({name!r}, ({base},), {{{', '.join(pairs)}}})"


def is_never_true(test: ast.expr) -> bool:
    """Whether a condition says that this is CPython, or the type checker."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
    return all(ast.unparse(part) in _NEVER_TRUE for part in parts)


def _is_constant(value: ast.expr) -> bool:
    """Whether mpy-cross takes it as a constant: a number or a text."""
    if isinstance(value, ast.BinOp):
        return _is_constant(value.left) and _is_constant(value.right)
    if isinstance(value, ast.UnaryOp):
        return _is_constant(value.operand)
    return isinstance(value, ast.Constant) and type(value.value) in (int, str, bytes)
