"""The reference of the commands as Markdown, from the declarations that `--help` is made of.

It does not use the text of `--help` itself, which differs between versions of the libraries that print it.
"""

import argparse
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from fota_boot import options
from fota_operator.cli.app import app

_HEAD = "| argument or option | meaning |\n| --- | --- |"


@dataclass(frozen=True)
class _Parameter:
    """One argument or option: how it is typed, and what it means."""

    label: str
    meaning: str
    is_argument: bool
    is_required: bool


def commands_reference() -> str:
    """`fota` with every subcommand, then `fota-boot`."""
    callback = app.registered_callback
    prose = inspect.getdoc(callback.callback) if callback else None
    return "\n".join((*_group("fota", app, prose), *_fota_boot()))


def _group(path: str, group: typer.Typer, prose: str | None) -> Iterator[str]:
    commands = [
        (one.name or _dashed(one.callback.__name__), one.callback)
        for one in group.registered_commands
        if one.callback
    ]
    groups = [(str(one.name), one.typer_instance) for one in group.registered_groups if one.typer_instance]
    yield f"## {path}\n\n{_prose(prose)}\n"
    entries = [(name, inspect.getdoc(function)) for name, function in commands]
    entries += [(name, str(below.info.help)) for name, below in groups]
    yield "".join(f"- [`{path} {name}`](#{_anchor(path, name)}): {_first(text)}\n" for name, text in entries)
    for name, function in commands:
        yield from _command(f"{path} {name}", function)
    for name, below in groups:
        yield from _group(f"{path} {name}", below, str(below.info.help))


def _command(path: str, function: Callable[..., object]) -> Iterator[str]:
    parameters = sorted(_parameters(function), key=lambda one: not one.is_argument)
    arguments = [one.label if one.is_required else f"[{one.label}]" for one in parameters if one.is_argument]
    yield f"## {path}\n\n{_prose(inspect.getdoc(function))}\n"
    yield _code_block(" ".join((path, *arguments, "[OPTION...]")))
    if parameters:
        yield _table(_row(one.label, one.meaning) for one in parameters)


def _parameters(function: Callable[..., object]) -> Iterator[_Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        kind, declared = get_args(hints[name])[:2]
        has_default = parameter.default is not inspect.Parameter.empty
        default = parameter.default if has_default else None
        if isinstance(declared, ArgumentInfo):
            label = str(declared.metavar or name.upper()).strip("[]")
        else:
            label = _option_label(name, kind, declared)
        meaning = _meaning(declared, default, is_required=not has_default and isinstance(declared, OptionInfo))
        yield _Parameter(label, meaning, isinstance(declared, ArgumentInfo), not has_default)


# Any: an annotation is no type.
def _option_label(name: str, kind: Any, declared: OptionInfo) -> str:
    # Inside Annotated, the first name has the place that a default would otherwise have.
    first = [declared.default] if isinstance(declared.default, str) else []
    names = ", ".join((*first, *(declared.param_decls or ()))) or f"--{_dashed(name)}"
    if kind is bool:
        return names
    kinds = get_args(kind) or (kind,)
    value = "N" if int in kinds or float in kinds else "PATH" if Path in kinds else "TEXT"
    return f"{names} {declared.metavar or value}"


def _meaning(declared: ArgumentInfo | OptionInfo, default: object, *, is_required: bool) -> str:
    facts = [declared.help or ""]
    if isinstance(default, float):
        facts.append(f"Default: {default:g}.")
    elif isinstance(default, int | str | Path) and type(default) is not bool:
        facts.append(f"Default: {default}.")
    if declared.envvar:
        facts.append(f"Taken from {declared.envvar} if that is set in the environment.")
    if is_required:
        facts.append("Required.")
    return " ".join(facts)


def _fota_boot() -> Iterator[str]:
    parser = options.make_parser()
    yield f"## {parser.prog}\n\n{parser.description}\n"
    yield _code_block(f"{parser.prog} --home DIR [OPTION...] [-- ARGUMENT...]")
    yield _table(_row(_boot_label(one), _boot_meaning(parser, one)) for one in parser._actions if one.dest != "help")
    yield f"{parser.epilog}\n"


def _boot_label(action: argparse.Action) -> str:
    names = list(action.option_strings) or ["ARGUMENT..."]
    return " ".join(names if action.metavar is None else [*names, str(action.metavar)])


def _boot_meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    text = (action.help or "") % {"default": action.default, "prog": parser.prog}
    return f"{text[:1].upper()}{text[1:]}."


def _table(rows: Iterator[str]) -> str:
    return "\n".join((_HEAD, *rows)) + "\n"


def _row(label: str, meaning: str) -> str:
    text = re.sub(r"\[default: (.*?)\]", r"Default: \1.", _prose(meaning))
    return f"| `{label}` | {text} |"


def _code_block(line: str) -> str:
    return f"```text\n{line}\n```\n"


def _first(text: str | None) -> str:
    return _prose(text).splitlines()[0]


def _prose(text: str | None) -> str:
    """The paragraphs, each joined into one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").strip().split("\n\n"))


def _anchor(path: str, name: str) -> str:
    return _dashed(f"{path}-{name}".replace(" ", "-"))


def _dashed(name: str) -> str:
    return name.replace("_", "-")
