"""What `--json` answers is what the reference says, of every command that has it."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from fota_operator.cli.app import app
from fota_operator.cli.output import in_utc
from fota_operator.local.aws import LocalAws
from tests.labs.device_side import DeviceSide
from tests.labs.fota_command import FotaCommand, commands_of
from tests.labs.json_answers import ALL, command_of, misfits, schemas_of
from tests.labs.json_schema import Schema, problems

WITHOUT_JSON = {"demo", "local devices"}
"""They tell people a story, as it goes on."""
WITH_A_BOARD = {"board doctor", "board make", "board put"}
"""Their answers are held to their schemas in tests/operator/board, where a board is."""


def commands() -> Iterator[tuple[str, set[str]]]:
    """Each command, and its options."""
    for name, command in commands_of(get_command(app)).items():
        below = getattr(command, "commands", None)
        for path, one in [(name, command)] if below is None else [(f"{name} {key}", c) for key, c in below.items()]:
            yield path, {option for parameter in one.params for option in parameter.opts}


COMMANDS = dict(commands())


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - WITHOUT_JSON))
def test_every_command_can_answer_in_json_and_its_answer_is_described(command: str) -> None:
    assert "--json" in COMMANDS[command]
    assert schemas_of(command)


@pytest.mark.parametrize("name", ALL)
def test_a_schema_is_of_commands_that_there_are(name: str) -> None:
    assert set(map(command_of, ALL[name]["commands"])) <= set(COMMANDS)  # type: ignore[call-overload]


def fields(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    properties: dict[str, Schema] = schema.get("properties", {})  # type: ignore[assignment]
    for name, field in properties.items():
        yield f"{path}.{name}", field
        yield from fields(field, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ALL)
def test_every_field_says_what_it_means_and_is_always_there(name: str) -> None:
    assert [path for path, field in fields(ALL[name], "") if not field.get("description")] == []
    for _, field in [("", ALL[name]), *fields(ALL[name], "")]:
        assert list(field.get("properties", {})) == field.get("required", [])  # type: ignore[call-overload]


WHOLE = {"type": "integer"}
TEXT = {"type": "string"}
OBJECT = {"type": "object", "properties": {"n": WHOLE}, "required": ["n"]}
TIME = {"type": ["string", "null"], "format": "date-time"}


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        ({"n": 1}, OBJECT, []),
        ({"n": "1"}, OBJECT, [".n: expected ['integer'], got '1'"]),
        ({"n": True}, OBJECT, [".n: expected ['integer'], got True"]),
        ({}, OBJECT, [".n: missing"]),
        ({"n": 1, "m": 2}, OBJECT, [".m: not described"]),
        ([{"n": None}], {"type": "array", "items": OBJECT}, ["[0].n: expected ['integer'], got None"]),
        ("a", {"type": "string", "enum": ["b"]}, [": expected one of ['b'], got 'a'"]),
        ("2026-01-02T03:04:05+00:00", TIME, []),
        ("2026-01-02T03:04:05+01:00", TIME, [": expected a time of UTC, got '2026-01-02T03:04:05+01:00'"]),
        ({"any": 1}, {"type": "object", "additionalProperties": TEXT}, [".any: expected ['string'], got 1"]),
    ],
)
def test_an_answer_that_is_not_as_described_is_found(value: object, schema: Schema, said: list[str]) -> None:
    assert list(problems(value, schema, ALL.__getitem__)) == said


def test_a_moment_is_told_in_utc_wherever_it_was_read() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert in_utc(at) == "2026-01-02T01:04:05+00:00"


class Answers:
    """Runs commands with --json, and holds each to its schema."""

    def __init__(self, local: LocalAws, folder: Path) -> None:
        self._fota = FotaCommand(local.environment() | {"FOTA_KEYS": str(folder / "keys")})
        self.device = DeviceSide(local.environment())
        self.given: dict[str, int] = {}

    def __call__(self, command: str, *arguments: object, ends: Sequence[int] = (0,)) -> Any:
        """The answer, which has passed."""
        result = self._fota(*command.split(), *arguments, "--json")
        assert result.exit_code in ends, result.stderr
        answered = json.loads(result.stdout)
        assert misfits(command, answered) == []
        self.given[command] = self.given.get(command, 0) + 1
        return answered


@pytest.fixture(scope="module")
def answers(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """After the whole life of a release, from keys to its rollout, told in JSON alone."""
    folder = tmp_path_factory.mktemp("json")
    told = Answers(local_aws, folder)
    shop = ("--bucket", local_aws.bucket, "--role", local_aws.role)
    signs_releases(told, folder)
    rolls_out(told, folder, shop)
    starts_and_cancels(told, folder, shop)
    looks_around(told, local_aws, folder)
    return told


def signs_releases(told: Answers, folder: Path) -> None:
    for name in ("alice", "bob"):
        told("keys new", name)
    told("keys list")
    trusted = ("--product", "pump", "--hardware", "rev-a")
    told("keys export", "alice", *trusted)
    told("keys export", "bob", *trusted, "--version", 2, "--out", folder / "next.json")
    current = folder / "keys" / "keyring.json"
    told(
        "keys rotate", current, folder / "next.json", "--sign", "alice", "--sign", "bob", "--out", folder / "2.signed"
    )
    (folder / "program").mkdir()
    (folder / "program" / "__main__.py").write_text("print('a program that only this test has')\n")
    told("image build", folder / "program", "--out", folder / "a.pyz", "--version", "1.4.0")
    told("image show", folder / "a.pyz")
    made = told("release create", folder / "a.pyz", *trusted, "--sign", "alice", "--out", folder / "a.fota")
    told("release verify", made["path"])
    told("release show", made["path"])


def rolls_out(told: Answers, folder: Path, shop: tuple[str, ...]) -> None:
    told("things add", "json-1", "json-2", "--folder", folder / "things")
    for thing in ("json-1", "json-2"):
        offered = ("--release", folder / "a.fota", "--thing", thing, "--name", f"of-{thing}", *shop)
        told("rollout plan", *offered)
        told("rollout run", *offered, "--dry-run")
        told("rollout run", *offered, "--yes", "--once")
    bucket = shop[:2]
    for name in ("of-json-1", "of-json-2"):
        told("rollout status", name, *bucket)
        told("rollout pause", name, *bucket, "--dry-run")
    told("rollout resume", "of-json-1", *bucket, "--dry-run")
    (stage, *_) = told("rollout status", "of-json-1", *bucket)["stages"]
    told.device.report("json-1", stage["job_ids"][0], "SUCCEEDED")
    told("rollout wait", "of-json-1", "--gate", "canary", *bucket)
    told("watch", "of-json-1", *bucket)
    told("rollout abort", "of-json-2", *bucket)
    told("watch", "of-json-2", *bucket, ends=(1,))
    follows(told, folder, shop)
    told("rollout list", *bucket)
    told("rollout cleanup", *bucket, "--dry-run")
    told("explain", "json-1")
    told("fleet")
    told("fleet", "--unknown")
    told("things list")


def follows(told: Answers, folder: Path, shop: tuple[str, ...]) -> None:
    """One goes back to another release; to one that failed it is offered again."""
    bucket = shop[:2]
    (folder / "program" / "__main__.py").write_text("print('the program before')\n")
    told("image build", folder / "program", "--out", folder / "b.pyz", "--version", "1.3.0")
    trusted = ("--product", "pump", "--hardware", "rev-a")
    told("release create", folder / "b.pyz", *trusted, "--sign", "alice", "--out", folder / "b.fota")
    told("release patch", folder / "b.pyz", folder / "a.pyz", "--out", folder / "patches")
    back = ("of-json-1", "--to", folder / "b.fota", "--sign", "alice", *bucket)
    told("rollout revert", *back, "--dry-run")
    told("rollout revert", *back, "--yes", "--once")
    offered = ("--release", folder / "a.fota", "--thing", "json-2", "--name", "of-nobody", *shop)
    (stage, *_) = told("rollout run", *offered, "--yes", "--once")["stages"]
    told.device.report("json-2", stage["job_ids"][0], "FAILED", reason="unreachable")
    told("rollout retry", "of-nobody", *bucket, "--dry-run")
    told("rollout retry", "of-nobody", *bucket, "--yes", "--once")


def starts_and_cancels(told: Answers, folder: Path, shop: tuple[str, ...]) -> None:
    where = (shop[1], shop[3])
    told("start", "json-1", folder / "a.fota", *where, "--dry-run")
    job = told("start", "json-1", folder / "a.fota", *where)["job_id"]
    told("status", job)
    told("cancel", job)
    told("watch", job, ends=(1,))
    told("explain", job)
    told("keys send", "json-1", folder / "2.signed")
    told("things cleanup", "--folder", folder / "things", "--dry-run")
    told("things cleanup", "--folder", folder / "things")


def looks_around(told: Answers, local: LocalAws, folder: Path) -> None:
    told("bootstrap", "--dry-run")
    told("doctor", ends=(0, 1))
    told("local up", "--folder", local.folder)
    told("local status", "--folder", folder / "other-aws")
    told("local env", "--folder", local.folder)
    told("local down", "--folder", folder / "other-aws")


@pytest.mark.e2e
@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - WITHOUT_JSON - WITH_A_BOARD))
def test_the_answer_of_a_command_is_as_described(answers: Answers, command: str) -> None:
    assert answers.given[command] >= 1
