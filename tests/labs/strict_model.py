"""Every request of every botocore client, held against all that botocore's own service models say of it.

botocore checks types, required members and lower bounds; upper bounds, patterns, enumerations and the sizes of
maps it leaves to the service, and so to production. Here a request that breaks any of them is never sent.
Importing this file makes it so for every client of a session that is made later.
Leaves to others: limits that AWS documents but its models do not hold.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore import handlers, model

Value = object


class AgainstTheModel(AssertionError):
    """A request that AWS's own model of the service does not allow."""


_found: list[str] = []
_checked: list[str] = []


def checked_requests() -> list[str]:
    """The operations whose requests were checked, in order, since the process began."""
    return _checked


@contextmanager
def every_request_allowed() -> Iterator[None]:
    """Fail after the block if a request in it was not allowed, whatever became of the error. May be nested."""
    before = len(_found)
    try:
        yield
    finally:
        found = _found[before:]
        del _found[before:]
    if found:
        raise AgainstTheModel("\n".join(found))


def objections(shape: model.Shape, value: Value, path: str = "") -> Iterator[str]:
    """All that a model has against a value."""
    if isinstance(shape, model.StructureShape) and isinstance(value, Mapping):
        yield from _of_structure(shape, value, path)
    elif isinstance(shape, model.ListShape) and isinstance(value, list | tuple):
        yield from _outside(shape, len(value), path, "entries")
        for number, one in enumerate(value):
            yield from objections(shape.member, one, f"{path}[{number}]")
    elif isinstance(shape, model.MapShape) and isinstance(value, Mapping):
        yield from _outside(shape, len(value), path, "entries")
        for key, one in value.items():
            yield from objections(shape.key, key, f"{path} key {key!r}")
            yield from objections(shape.value, one, f"{path}.{key}")
    elif isinstance(value, str):
        yield from _of_text(shape, value, path)
    elif isinstance(value, bytes):
        yield from _outside(shape, len(value), path, "bytes")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _outside(shape, value, path, "")


def _of_structure(shape: model.StructureShape, value: Mapping[str, Value], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name}: missing"
    if shape.is_tagged_union and len(value) != 1:
        yield f"{path}: expected one member of a union, got {sorted(value)}"
    for name, one in value.items():
        if name not in shape.members:
            yield f"{path}.{name}: no such member"
        else:
            yield from objections(shape.members[name], one, f"{path}.{name}")


def _of_text(shape: model.Shape, value: str, path: str) -> Iterator[str]:
    yield from _outside(shape, len(value), path, "characters")
    allowed = getattr(shape, "enum", [])
    if allowed and value not in allowed:
        yield f"{path}: expected one of {', '.join(allowed)}, got {value!r}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _fits(pattern, value):
        yield f"{path}: expected {pattern}, got {value!r}"


def _outside(shape: model.Shape, amount: float, path: str, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and amount < least:
        yield f"{path}: expected at least {least} {unit}, got {amount}"
    if most is not None and amount > most:
        yield f"{path}: expected at most {most} {unit}, got {amount}"


def _fits(pattern: str, value: str) -> bool:
    # The models are written for Java, whose \p{…} Python's `re` does not know.
    known = re.sub(r"\\p\{(\w+)\}", lambda found: _characters(found[1], value), pattern)
    return re.fullmatch(known, value) is not None


def _characters(name: str, value: str) -> str:
    """What a class says for Java's `\\p{name}`: ASCII for its POSIX names; of Unicode's, what the value has of it."""
    if name in _POSIX:
        return _POSIX[name]
    inside = {one for one in value if unicodedata.category(one).startswith(name)}
    return "".join(re.escape(one) for one in sorted(inside)) + _NO_CHARACTER


_POSIX = {"Upper": "A-Z", "Digit": "0-9", "Graph": "!-~", "Cntrl": r"\x00-\x1f\x7f"}
_NO_CHARACTER = "\U0010ffff"
"""Keeps a class from being empty, which `re` refuses."""


def _check(params: dict[str, Value], model: model.OperationModel, **_: object) -> None:
    name = f"{model.service_model.service_name}.{model.name}"
    _checked.append(name)
    found = [f"{name}{each}" for each in objections(model.input_shape, params)] if model.input_shape else []
    if found:
        _found.extend(found)
        raise AgainstTheModel("\n".join(found))


# What botocore registers with every session that it makes; last, so that what others add to a request is seen.
_HANDLER = ("before-parameter-build", _check, handlers.REGISTER_LAST)
if _HANDLER not in handlers.BUILTIN_HANDLERS:
    handlers.BUILTIN_HANDLERS.append(_HANDLER)
