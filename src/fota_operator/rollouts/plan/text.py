"""The text of a plan in its bucket: canonical JSON, every default written out.

Two plans are the same exactly when their bytes are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from fota_operator.bounded_text import parse_json
from fota_operator.errors import BadInput
from fota_operator.rollouts.plan.model import Plan
from fota_operator.rollouts.plan.table import plan_of, table_of


def encode(plan: Plan) -> bytes:
    """The bytes of a plan."""
    return json.dumps(table_of(plan), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def decode(text: bytes) -> Plan:
    """The plan that these bytes hold. *Raises* BadInput, which names the field."""
    try:
        table = parse_json(text)
    except ValueError as error:
        raise BadInput(f"plan: expected JSON: {error}", "it was not written by this program") from error
    if not isinstance(table, dict):
        raise BadInput(f"plan: expected an object, got {type(table).__name__}", "it was not written by this program")
    return plan_of(table)


def difference(stored: Plan, asked: Plan) -> str | None:
    """The first field in which two plans differ, with both values, in words; None if they are the same."""
    before, now = dict(_leaves(table_of(stored))), dict(_leaves(table_of(asked)))
    for path in [*now, *before]:
        if before.get(path) != now.get(path):
            return f"{path}: {_said(before, path)} there, {_said(now, path)} here"
    return None


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every field that is no table, by its path, in the order of the reference."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value, start=1):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def _said(leaves: dict[str, object], path: str) -> str:
    if path not in leaves:
        return "nothing"
    text = json.dumps(leaves[path])
    return text if len(text) <= 60 else f"{text[:57]}..."
