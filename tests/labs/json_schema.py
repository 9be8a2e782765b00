"""As much of JSON Schema as the schemas of the reference use.

It is stricter in one thing: a field that is not described is wrong. An unknown keyword is an error, so that none is
passed over.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

Schema = dict[str, object]

TYPES = {
    "string": str, "integer": int, "number": int | float, "boolean": bool, "null": type(None), "array": list,
    "object": dict,
}  # fmt: skip
SILENT = {"$schema", "title", "description", "commands"}


def problems(value: object, schema: Schema, referred: Callable[[str], Schema], path: str = "") -> Iterator[str]:
    """Every way in which a value is not as a schema says; `referred` knows the other schemas by their file."""
    if "$ref" in schema:
        yield from problems(value, referred(str(schema["$ref"])), referred, path)
        return
    unknown = (
        set(schema) - SILENT - {"type", "enum", "format", "items", "properties", "required", "additionalProperties"}
    )
    assert not unknown, f"{path}: {unknown}"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(is_of(value, str(kind)) for kind in kinds):
        yield f"{path}: expected {kinds}, got {value!r}"
    elif "enum" in schema and value not in schema["enum"]:  # type: ignore[operator]
        yield f"{path}: expected one of {schema['enum']}, got {value!r}"
    elif isinstance(value, str) and schema.get("format") == "date-time":
        if not value.endswith("+00:00") or datetime.fromisoformat(value).tzinfo is None:
            yield f"{path}: expected a time of UTC, got {value!r}"
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from problems(one, schema["items"], referred, f"{path}[{number}]")  # type: ignore[arg-type]
    elif isinstance(value, dict):
        yield from of_object(value, schema, referred, path)


def of_object(value: Schema, schema: Schema, referred: Callable[[str], Schema], path: str) -> Iterator[str]:
    described: Schema = schema.get("properties", {})  # type: ignore[assignment]
    others = schema.get("additionalProperties")
    for name in schema.get("required", []):  # type: ignore[attr-defined]
        if name not in value:
            yield f"{path}.{name}: missing"
    for name, one in value.items():
        below = described.get(name, others)
        if below is None:
            yield f"{path}.{name}: not described"
        else:
            yield from problems(one, below, referred, f"{path}.{name}")  # type: ignore[arg-type]


def is_of(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])
