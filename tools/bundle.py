"""Makes one module of the device library for a kind of board: a third of the byte code is names, each there once.

`bundle.py DIR` puts there, for each kind of board, the folder BOARD with `fota_bundle.mpy`, with a small module for
each name that a program imports, such as `aws/iot/jobs.mpy`, and with a list for mip, `BOARD.json`. Beside them are
`BOARD.map.json`, which says what the short names were, and in `BOARD-source` the same as sources, to freeze.
Leaves to others: which modules a board needs (`device_modules`), and what a short name is (`bundle_names`).
"""

import argparse
import ast
import functools
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bundle_names import Names
from bundle_scopes import Renamer, bound_in
from bundle_source import BUNDLE, LATE, Module, place
from bundle_words import words_of_documents

from fota_operator.board.modules import BOARDS, EXTRAS, OPEN, SOURCE, extras_of, modules_of
from fota_operator.images.mpy_cross import compiled

_HOT = 126
"""Names that an instruction names with one byte: the first ones of a module."""


class Bundle:
    """The library of one kind of board as one module, and the small modules that give its names."""

    def __init__(self, board: str) -> None:
        paths = {_name_of(path): path for path in modules_of(board)}
        self._modules = {name: Module(name, path, frozenset(paths)) for name, path in paths.items()}
        place(self._modules, BOARDS[board])
        outside = [SOURCE / path for name in EXTRAS for path in extras_of(name)]
        seen = {
            part.attr
            for path in outside
            for part in ast.walk(ast.parse(path.read_bytes()))
            if isinstance(part, ast.Attribute)
        }
        self._open = sorted(name for name in OPEN if name in paths)
        self._names = Names(self._modules, frozenset(self._open), seen | words_of_documents())
        self._methods = [
            (module.name, f"{kind.name}.{one.name}")
            for module in self._modules.values()
            for kind in module.tree.body
            if isinstance(kind, ast.ClassDef)
            for one in kind.body
            if isinstance(one, ast.FunctionDef)
        ]
        self._files = self._made()

    def sources(self) -> dict[Path, str]:
        """All its sources, by their place."""
        return {Path(f"{file}.py"): text for file, text in self._files.items() if text} | dict(self.modules())

    def modules(self) -> "Iterator[tuple[Path, str]]":
        """The place and the source of each module that a program imports."""
        for name in self._open:
            lines: list[str] = []
            given: dict[str, list[str]] = {}
            for public in self._names.exported(name):
                value = self._names.of_global(name, public)
                if value is None:
                    continue
                if isinstance(value, ast.Constant):
                    lines.append(f"{public} = {ast.unparse(value)}")
                else:
                    target, short = self._names.target(name, public), ast.unparse(value).rpartition(".")[2]
                    file = self._modules[target[0]].file if target else BUNDLE
                    given.setdefault(file, []).append(short if short == public else f"{short} as {public}")
            lines[:0] = [f"from {file} import {', '.join(names)}" for file, names in given.items()]
            path = Path(*name.split("."))
            is_package = self._modules[name].path.name == "__init__.py"
            yield (path / "__init__.py" if is_package else path.with_suffix(".py")), "\n".join(lines) + "\n"

    def map(self) -> dict[str, object]:
        """What each name of a function or a class was, with its module; and what each other one was."""
        names = self._names
        functions: dict[str, list[str]] = {}
        for (module, name), short in sorted(names.globals.items()):
            functions.setdefault(short, []).append(f"{module}.{name}")
        for module, name in self._methods:
            functions.setdefault(names.attribute(name.rpartition(".")[2]), []).append(f"{module}.{name}")
        return {
            "functions": functions,
            "attributes": {short: name for name, short in sorted(names.attributes.items())},
        }

    def _ordered(self) -> "list[Module]":
        ordered: dict[str, Module] = {}

        def add(name: str) -> None:
            if name in ordered or name not in self._modules:
                return
            for one in self._modules[name].order:
                add(one)
            ordered.setdefault(name, self._modules[name])

        for name in sorted(self._modules):
            add(name)
        return list(ordered.values())

    def _made(self) -> "dict[str, str]":
        """The source of each file. All modules are renamed before: which ones are values is known at the end."""
        ordered = self._ordered()
        bodies: dict[str, list[ast.stmt]] = {}
        for module in ordered:
            of_global = functools.partial(self._names.of_global, module.name)
            renamer = Renamer(of_global, self._names.attribute, self._names.locals_of)
            bodies[module.name] = [renamer.visit(one) for one in module.tree.body]
        return {
            file: self._file(file, [(one, bodies[one.name]) for one in ordered if one.file == file])
            for file in (BUNDLE, *LATE)
        }

    def _file(self, file: str, modules: "Sequence[tuple[Module, list[ast.stmt]]]") -> str:
        made: list[ast.stmt] = []
        for module, body in modules:
            made += body
            if module.name in self._names.namespaces:
                made.append(self._namespace(module.name))
        imports = {line for module, _ in modules for line in module.outside.values()}
        named = {part.id for one in made for part in ast.walk(one) if isinstance(part, ast.Name)}
        given = sorted(named & self._names.of_file(BUNDLE)) if file != BUNDLE else []
        if given:
            imports.add(f"from {BUNDLE} import {', '.join(given)}")
        statements = [ast.parse(line).body[0] for line in sorted(imports)]
        tree = _filled(ast.Module(statements + made, []))
        ast.fix_missing_locations(tree)
        return (_hot(tree) + ast.unparse(tree) + "\n") if modules else ""

    def _namespace(self, module: str) -> ast.stmt:
        pairs = {name: self._names.of_global(module, name) for name in self._names.exported(module)}
        members = ast.Dict(
            [ast.Constant(self._names.attribute(name)) for name, value in pairs.items() if value],
            [one for one in pairs.values() if one],
        )
        call = ast.Call(ast.Name("type", ast.Load()), [ast.Constant(module), ast.Tuple([], ast.Load()), members], [])
        return ast.Assign([ast.Name(self._names.namespaces[module], ast.Store())], call)


def _filled(tree: ast.Module) -> ast.Module:
    for part in ast.walk(tree):
        if isinstance(part, (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.ExceptHandler)) and not part.body:
            part.body = [ast.Pass()]
    return tree


def _hot(tree: ast.Module) -> str:
    """A line that is never run and names what is named most, so that those names are the first of the module."""
    counts: Counter[str] = Counter()
    for part in ast.walk(tree):
        if isinstance(part, ast.Attribute):
            counts[part.attr] += 1
        elif isinstance(part, (ast.arg, ast.keyword)) and part.arg:
            counts[part.arg] += 1
        elif isinstance(part, ast.FunctionDef):
            counts[part.name] += 1
    local = {
        id(one) for function in ast.walk(tree) if isinstance(function, ast.FunctionDef) for one in _locals(function)
    }
    for part in ast.walk(tree):
        if isinstance(part, ast.Name) and id(part) not in local:
            counts[part.id] += 1
    if len(counts) <= _HOT:
        return ""
    hot = [name for name, _ in counts.most_common(_HOT)]
    return f"if not type:\n    type.{'.'.join(hot)}\n"


def _locals(function: ast.FunctionDef) -> "Iterator[ast.Name]":
    bound = bound_in(function)
    return (part for part in ast.walk(function) if isinstance(part, ast.Name) and part.id in bound)


def _name_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def byte_code(sources: Mapping[Path, str]) -> dict[Path, bytes]:
    """The `.mpy` of each source, by its place. *Raises* BadInput, OperatorError."""
    return {
        path.with_suffix(".mpy"): compiled(_name_of(path), text.encode(), ("-O3",)) for path, text in sources.items()
    }


def sizes(board: str) -> tuple[int, int]:
    """How many bytes the bundle of a board has, and how many when it is compressed."""
    made = b"".join(byte_code(Bundle(board).sources()).values())
    return len(made), len(zlib.compress(made, 9))


def write(board: str, folder: Path) -> int:
    """Put the bundle of a board there; returns the bytes of byte code. *Raises* BadInput, OperatorError."""
    bundle = Bundle(board)
    made = byte_code(bundle.sources())
    sources = {path: text.encode() for path, text in bundle.sources().items()}
    for there, files in ((folder / f"{board}-source", sources), (folder / board, made)):
        for path, content in files.items():
            (there / path).parent.mkdir(parents=True, exist_ok=True)
            (there / path).write_bytes(content)
    pairs = ",\n".join(json.dumps([path.as_posix()] * 2) for path in made)
    (folder / board / f"{board}.json").write_text('{"urls": [\n' + pairs + "\n]}\n", encoding="utf-8")
    (folder / f"{board}.map.json").write_text(json.dumps(bundle.map(), indent=1) + "\n", encoding="utf-8")
    return sum(map(len, made.values()))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Make one module of the device library for each kind of board.")
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)
    for board in BOARDS:
        sys.stdout.write(f"{board} {write(board, chosen.folder)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
