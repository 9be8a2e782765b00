"""The rules that keep the device packages in what MicroPython understands, each as a look at a syntax tree.

A rule yields the nodes that break it. Rules see what can be seen in a tree: `.copy()` of a dictionary is forbidden
along with that of a hash, since the tree does not tell them apart.
"""

import ast

from tests.labs.interpreter import SOURCE

DEVICE = sorted([*SOURCE.glob("fota/**/*.py"), *SOURCE.glob("aws/**/*.py")])
PORTABLE = [path for path in DEVICE if not path.name.endswith("_cpython.py")]


def _words(text):
    return frozenset(text.split())


MODULES = _words(
    """
    array binascii collections errno gc hashlib hmac io json math os random re select socket ssl struct sys
    time
    """
)
"""What MicroPython brings along, and CPython has under the same name and meaning."""

METHODS = _words(
    """
    __cause__ __context__ __doc__ __init_subclass__ __traceback__ _replace add_note bit_count bit_length
    capitalize casefold copy expandtabs format_map hexdigest is_integer isascii isdecimal isidentifier
    isnumeric ljust maketrans removeprefix removesuffix rjust swapcase title translate with_traceback
    zfill
    """
)
FUNCTIONS = _words(
    """
    hashlib.new hashlib.sha512 os.environ os.fsync os.makedirs os.open os.path os.pread os.pwrite
    os.read os.replace os.write time.monotonic time.monotonic_ns time.perf_counter time.perf_counter_ns
    """
)
NAMES = _words(
    """
    BaseExceptionGroup BlockingIOError BrokenPipeError BufferError ChildProcessError
    ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError
    DeprecationWarning EnvironmentError ExceptionGroup FileExistsError FileNotFoundError IOError
    InterruptedError IsADirectoryError ModuleNotFoundError NotADirectoryError PermissionError
    ProcessLookupError RecursionError TimeoutError UnicodeDecodeError UnicodeEncodeError Warning aiter
    anext ascii breakpoint format vars
    """
)
GENERIC = _words(
    """
    dict frozenset list set tuple type
    """
)


def _imports(tree):
    """Modules that MicroPython does not have; what stands under TYPE_CHECKING is never imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        else:
            continue
        if any(name.split(".")[0] not in {*MODULES, "fota", "aws"} for name in names):
            yield node


def _chained(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.cause is not None)


def _matches(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Match))


def _positional_only(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.arguments) and node.posonlyargs)


def _unpacked_dicts(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Dict) and None in node.keys)


def _methods(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in METHODS)


def _functions(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node) in FUNCTIONS)


def _names(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in NAMES)


def _terminal(tree):
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in ("print", "input"))


def _keywords(tree):
    forbidden = {("zip", "strict"), ("json.dumps", "sort_keys"), ("json.dumps", "indent"), ("json.dump", "sort_keys")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = {(ast.unparse(node.func), keyword.arg) for keyword in node.keywords}
            if called & forbidden:
                yield node


def _asserts(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Assert))


def _asynchronous(tree):
    kinds = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    yield from (node for node in ast.walk(tree) if isinstance(node, kinds))


def _interpreter(tree):
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and ast.unparse(n) == "sys.implementation")


def _handlers(tree):
    """Bare `except`, and those that swallow what nobody expected."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _broad(node.type)):
            yield node


def _bare_handlers(tree):
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type is None)


def _broad(kind):
    return any(isinstance(node, ast.Name) and node.id in ("Exception", "BaseException") for node in ast.walk(kind))


def _generic_aliases(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in GENERIC:
            yield node


def _type_unions(tree):
    """`isinstance(x, A | B)`: classes do not join there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            yield from (part for part in ast.walk(node.args[1]) if isinstance(part, ast.BinOp))


def _function_attributes(tree):
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        for target in getattr(node, "targets", []):
            if (
                isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and target.value.id in functions
            ):
                yield node


def _module_code(tree):
    """Anything at import but imports, definitions and constants."""
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, allowed) or _is_text(node):
            continue
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and not _calls(node):
            continue
        yield node
    for definition in ast.walk(tree):
        if isinstance(definition, ast.ClassDef):
            yield from (
                node for node in definition.body if isinstance(node, (ast.Expr, ast.If)) and not _is_text(node)
            )


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _calls(node):
    return any(isinstance(part, (ast.Call, ast.ListComp, ast.DictComp, ast.SetComp)) for part in ast.walk(node))


RULES = {
    "a module that MicroPython lacks": _imports,
    "raise ... from": _chained,
    "match": _matches,
    "positional-only parameters": _positional_only,
    "a dictionary unpacked into another": _unpacked_dicts,
    "a method that MicroPython lacks": _methods,
    "a function that MicroPython lacks": _functions,
    "a name that MicroPython lacks": _names,
    "talk at the terminal": _terminal,
    "an argument that MicroPython lacks": _keywords,
    "assert": _asserts,
    "asynchronous code": _asynchronous,
    "which interpreter runs": _interpreter,
    "except for everything": _handlers,
    "a bare except": _bare_handlers,
    "a generic type outside an annotation": _generic_aliases,
    "a union of classes": _type_unions,
    "an attribute of a function": _function_attributes,
    "code that runs at import": _module_code,
}


class _Stripped(ast.NodeTransformer):
    """What MicroPython evaluates: no annotations, nothing under `if TYPE_CHECKING`."""

    def visit_If(self, node):
        if ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse:
            return None
        return self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if node.value is None:
            return None
        return self.generic_visit(ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node))


def broken(source, rules=tuple(RULES)):
    """Each broken rule with the line of it, in the order of the lines."""
    tree = _Stripped().visit(ast.parse(source))
    found = {(getattr(node, "lineno", 0), rule) for rule in rules for node in RULES[rule](tree)}
    return sorted(found)
