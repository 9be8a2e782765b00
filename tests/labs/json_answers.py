"""The schemas of the reference, and whether the answer of a command is as they say."""

import json
import re
from pathlib import Path

from tests.labs.json_schema import Schema, problems

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"
ALL: dict[str, Schema] = {path.name: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}


def command_of(text: str) -> str:
    """The words of a command as a schema names it: `fota watch JOB` is `watch`."""
    return " ".join(word for word in text.split()[1:] if re.fullmatch("[a-z][a-z-]*", word))


def schemas_of(command: str) -> list[Schema]:
    return [one for one in ALL.values() if command in map(command_of, one["commands"])]  # type: ignore[call-overload]


def misfits(command: str, answered: object) -> list[str]:
    """What is wrong with an answer; of a command with two kinds of answer, one of them fits."""
    judged = [list(problems(answered, schema, ALL.__getitem__)) for schema in schemas_of(command)]
    return [] if [] in judged else [problem for one in judged for problem in one] or ["no schema names the command"]
