"""Gives names: what each global, private attribute and parameter of the library is called in a bundle.

A name that a program can see stays: of a public class, its attributes, its methods, and each parameter that some call
gives by its name. All else gets a short one, and the bundle's map says what it was.
"""

import ast
import itertools
import keyword
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from bundle_source import BUNDLE, Module
from bundle_words import OF_MICROPYTHON, keywords_of_calls

_SHORT_TEXT = 10
"""Characters of a text that MicroPython keeps as a name: as small where it is used as the name of a constant."""


def short_names(taken: "set[str]", first: str, then: str) -> "Iterator[str]":
    """Names of one character, then of two, then of three, none of them taken."""
    for length in itertools.count():
        for letters in itertools.product(first, *[then] * length):
            name = "".join(letters)
            if name not in taken and not keyword.iskeyword(name):
                yield name


class Names:
    """The names of one bundle."""

    def __init__(
        self, modules: "dict[str, Module]", open_modules: "frozenset[str]", seen_outside: "set[str]"
    ) -> None:
        self._modules = modules
        self._keywords = keywords_of_calls()
        self.constants: dict[tuple[str, str], ast.expr] = {}
        """The value of each constant that stands in the place of its name."""
        self.globals: dict[tuple[str, str], str] = {}
        self.attributes: dict[str, str] = {}
        self.namespaces: dict[str, str] = {}
        """Modules that are handed on as a value, and what stands for each."""
        self._open = open_modules
        identifiers = {one for module in modules.values() for one in _identifiers(module.tree)}
        self._find_constants()
        self._name_globals(identifiers | seen_outside)
        self._name_attributes(seen_outside)

    def target(self, module: str, name: str) -> "tuple[str, str] | None":
        """The module that defines a global name of `module`, and the name there; "" is the module itself."""
        while True:
            known = self._modules[module]
            if name in known.defined:
                return module, name
            if name not in known.imported:
                return None
            module, name = known.imported[name]
            if not name:
                return module, ""

    def exported(self, module: str) -> "list[str]":
        """The public names of a module, without those that it only uses."""
        known = self._modules[module]
        return sorted(known.is_listed | {name for name in known.defined if not name.startswith("_")})

    def of_global(self, module: str, name: str) -> "ast.expr | None":
        """What stands for a global name, or for `module.name`."""
        first, _, member = name.partition(".")
        found = self.target(module, first)
        if member:
            if found is None or found[1]:
                return None
            found = self.target(found[0], member)
            if found is None:
                raise ValueError(f"{module}: {name} is nowhere")
        if found is None:
            return None
        if found in self.constants:
            return self.constants[found]
        name = self.globals[found] if found[1] else self.namespaces.setdefault(found[0], next(self._of_namespaces))
        file = self._modules[found[0]].file
        if file in (BUNDLE, self._modules[module].file):
            return ast.Name(name, ast.Load())
        return ast.Attribute(ast.Name(file, ast.Load()), name, ast.Load())

    def of_file(self, file: str) -> "set[str]":
        """What the globals of a file of the bundle are called."""
        found = {short for (module, _), short in self.globals.items() if self._modules[module].file == file}
        return found | {short for module, short in self.namespaces.items() if self._modules[module].file == file}

    def attribute(self, name: str) -> str:
        """What an attribute of that name is called."""
        return self.attributes.get(name, name)

    def locals_of(self, names: "list[str]", used: "set[str]") -> "dict[str, str]":
        """Other names for parameters that no call names, and for functions within a function."""
        fresh = short_names(used | {"self"}, string.ascii_lowercase, string.ascii_lowercase)
        return {
            name: next(fresh) for name in names if len(name) > 1 and name not in self._keywords and name != "self"
        }

    def _find_constants(self) -> None:
        for module in self._modules.values():
            changed = {name for part in ast.walk(module.tree) if isinstance(part, ast.Global) for name in part.names}
            for statement in list(module.tree.body):
                if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
                    continue
                name = statement.targets[0].id
                value = None if name in changed else self._value(module.name, statement.value)
                if value is not None and self._is_small(value.value):
                    self.constants[module.name, name] = value
                    module.tree.body.remove(statement)

    def _value(self, module: str, expression: ast.expr) -> "ast.Constant | None":
        """The value of an expression of constants."""
        if isinstance(expression, ast.Constant):
            return expression
        parts = [part for part in ast.walk(expression) if isinstance(part, ast.expr)]
        if not all(
            isinstance(part, (ast.Constant, ast.BinOp, ast.UnaryOp, ast.Name, ast.Attribute)) for part in parts
        ):
            return None
        if not isinstance(expression, (ast.BinOp, ast.UnaryOp, ast.Name)):
            return None
        known: dict[str, object] = {}
        for part in parts:
            if isinstance(part, ast.Name):
                found = self.target(module, part.id)
                constant = self.constants.get(found) if found else None
                if not isinstance(constant, ast.Constant):
                    return None
                known[part.id] = constant.value
            elif isinstance(part, ast.Attribute):
                return None
        return ast.Constant(eval(compile(ast.Expression(expression), module, "eval"), {}, known))  # noqa: S307

    @staticmethod
    def _is_small(value: object) -> bool:
        return (
            value is None or isinstance(value, (int, bool)) or (isinstance(value, str) and len(value) <= _SHORT_TEXT)
        )

    def _name_globals(self, taken: "set[str]") -> None:
        counts: Counter[tuple[str, str]] = Counter()
        for module in self._modules.values():
            for name in module.defined:
                if (module.name, name) not in self.constants:
                    counts[module.name, name] += 1
            for part in ast.walk(module.tree):
                if isinstance(part, ast.Name):
                    found = self.target(module.name, part.id)
                    if found is not None and found in counts:
                        counts[found] += 1
        kept = {
            (module.name, one.name)
            for module in self._modules.values()
            for one in module.tree.body
            if isinstance(one, ast.ClassDef) and not one.name.startswith("_")
        }
        fresh = short_names(taken, string.ascii_uppercase, string.ascii_letters + string.digits)
        for one, _ in counts.most_common():
            self.globals[one] = one[1] if one in kept else next(fresh)
        # No attribute has such a name: a class may read any of them.
        self._of_namespaces = short_names(taken, "_", string.ascii_letters)

    def _name_attributes(self, seen_outside: "set[str]") -> None:
        counts: Counter[str] = Counter()
        made: set[str] = set()
        stays = seen_outside | self._keywords | OF_MICROPYTHON | _texts(self._modules.values())
        for module in self._modules.values():
            stays |= {part.attr for part in ast.walk(module.tree) if _is_of_a_module(part, module.outside)}
            for part in ast.walk(module.tree):
                if isinstance(part, ast.ClassDef):
                    made.update(one.name for one in part.body if isinstance(one, ast.FunctionDef))
                    made.update(_constants_of(part))
                elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    made.add(part.attr)
            counts.update(_attributes(module.tree))
        # A class reads a global by the name that one of its own attributes would hide.
        hidden = {self.globals[one] for one in self.globals if one[1] == self.globals[one]} | self._read_by_classes()
        fresh = short_names(hidden, string.ascii_uppercase, string.ascii_letters + string.digits)
        for name, _ in counts.most_common():
            if name in made and name not in stays and not name.startswith("__"):
                self.attributes[name] = next(fresh)

    def _read_by_classes(self) -> "set[str]":
        """What the globals are called that the bodies of classes read, the defaults of their methods included."""
        read: set[str] = set()
        for module in self._modules.values():
            kinds = [part for part in ast.walk(module.tree) if isinstance(part, ast.ClassDef)]
            for name in {name for kind in kinds for name in names_read_by(kind)}:
                found = self.target(module.name, name)
                read |= {self.globals[found]} if found in self.globals else set()
        return read


def names_read_by(kind: ast.ClassDef) -> "Iterator[str]":
    """The names that the body of a class reads while the class is made."""
    waiting: list[ast.AST] = list(kind.body)
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, (ast.FunctionDef, ast.Lambda)):
            waiting += [one for one in (*part.args.defaults, *part.args.kw_defaults) if one]
            waiting += getattr(part, "decorator_list", [])
        else:
            waiting.extend(ast.iter_child_nodes(part))


def _texts(modules: "Iterable[Module]") -> "set[str]":
    """What is a text somewhere: it may be the name of an attribute that is asked for."""
    return {
        part.value
        for module in modules
        for part in ast.walk(module.tree)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def _is_of_a_module(part: ast.AST, outside: "dict[str, str]") -> "TypeGuard[ast.Attribute]":
    return isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in outside


def _identifiers(tree: ast.AST) -> "Iterator[str]":
    for part in ast.walk(tree):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.arg):
            yield part.arg
        elif isinstance(part, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)):
            yield part.name or ""
        elif isinstance(part, ast.Attribute):
            yield part.attr


def _attributes(tree: ast.AST) -> "Iterator[str]":
    """Attributes that are read and written, and what classes define."""
    for part in ast.walk(tree):
        if isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.ClassDef):
            yield from (one.name for one in part.body if isinstance(one, ast.FunctionDef))
            yield from _constants_of(part)


def _constants_of(node: ast.ClassDef) -> "Iterator[str]":
    for one in node.body:
        if isinstance(one, ast.Assign):
            yield from (target.id for target in one.targets if isinstance(target, ast.Name))
