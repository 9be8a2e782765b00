"""Makes the reference of what `--json` prints, as Markdown, from the schemas in docs/reference/schemas.

Leaves to the schemas: what is true of an answer; a test checks every command against its schema.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parent.parent / "docs" / "reference" / "schemas"

_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}

# Any: a schema is what JSON makes of it.
Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """Every schema, by the name of its file without the ending."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(SCHEMAS.glob("*.json"))}


def json_reference() -> str:
    """One section for each schema, in the order of their titles."""
    return "\n".join("".join(_section(name, schema)) for name, schema in sorted(schemas().items(), key=_title))


def _title(named: tuple[str, Schema]) -> str:
    return str(named[1]["title"])


def _section(name: str, schema: Schema) -> Iterator[str]:
    commands = ", ".join(f"`{command}`" for command in schema["commands"]) or "Every command"
    yield f"### {schema['title']}\n\n{commands}: {_kind(schema)}, by [this schema](schemas/{name}.json).\n"
    if "description" in schema:
        yield f"{schema['description'][:1].upper()}{schema['description'][1:].rstrip('.')}.\n"
    rows = list(_rows(schema, ""))
    if rows:
        yield "\n| field | holds | meaning |\n| --- | --- | --- |\n"
        yield "".join(f"| `{path}` | {kind} | {meaning} |\n" for path, kind, meaning in rows)


def _rows(schema: Schema, path: str) -> Iterator[tuple[str, str, str]]:
    if "items" in schema:
        yield from _rows(schema["items"], f"{path}[]")
    for name, field in schema.get("properties", {}).items():
        below = f"{path}.{name}".lstrip(".")
        yield below, _kind(field), field["description"]
        yield from _rows(field, below)


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        return f"as in [{schema['$ref']}](schemas/{schema['$ref']})"
    if "enum" in schema:
        return " or ".join(f"`{word}`" for word in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_of_one_type(kind, schema) for kind in kinds)


def _of_one_type(kind: str, schema: Schema) -> str:
    if kind == "array":
        items = schema["items"]
        return "a list of objects" if items.get("type") == "object" else f"a list: {_kind(items)}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"an object of any names, each with {_kind(values)}" if isinstance(values, dict) else "an object"
    return "time" if schema.get("format") == "date-time" and kind == "string" else _WORDS[kind]
