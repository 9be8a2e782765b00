"""With `--json` an error is an object too: the last line of stderr. The exit status is that without it."""

import json
from pathlib import Path

import pytest

from tests.labs.fota_command import FotaCommand
from tests.labs.json_answers import ALL
from tests.labs.json_schema import problems

fota = FotaCommand()


@pytest.mark.parametrize(
    ("words", "kind", "exit_status"),
    [
        ("release show none.release", "NotFound", 1),
        ("rollout plan", "BadInput", 2),
        ("rollout plan --no-such-option", "BadInput", 2),
        ("release show", "BadInput", 2),
        ("no-such-command", "BadInput", 2),
        ("status j", "BadInput", 2),
        ("keys new a --kms k --passphrase-file f", "BadInput", 2),
    ],
)
def test_an_error_is_one_object_and_stdout_is_empty(
    words: str, kind: str, exit_status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told, plain = fota(*words.split(), "--json"), fota(*words.split())
    error = json.loads(told.stderr.splitlines()[-1])
    assert list(problems(error, ALL["error.json"], ALL.__getitem__)) == []
    assert (error["error"], error["exit_status"], told.exit_code, told.stdout) == (kind, exit_status, exit_status, "")
    assert (plain.exit_code, plain.stderr.startswith("{")) == (exit_status, False)


def test_an_error_names_the_option_as_the_line_for_people_does(tmp_path: Path) -> None:
    error = json.loads(
        fota("keys", "export", "--product", "p", "--hardware", "h", "--keys", tmp_path, "--json").stderr
    )
    assert "`" not in error["message"]


def test_misuse_says_which_help_to_read() -> None:
    error = json.loads(fota("rollout", "plan", "--no-such-option", "--json").stderr)
    assert error["remedy"].endswith("rollout plan --help`")


def test_what_a_terminal_obeys_is_not_in_it() -> None:
    assert "\x1b" not in fota("status", "\x1b[31m", "--json").stderr
