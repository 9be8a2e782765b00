"""Shell completion, help, and the options of `fota` itself."""

import logging
import os
import re
import shutil
import subprocess
import sys

import pytest

from fota_operator.request_log import LOGGER
from tests.labs.fota_command import FotaCommand

pytestmark = pytest.mark.slow

SLOW = {"boto3", "botocore", "cryptography", "rich", "littlefs"}
"""What takes long to import."""


def fota_process(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command as a process of its own; at the end it says on stderr what it has imported."""
    source = (
        "import atexit, sys; sys.argv[0] = 'fota';"
        "atexit.register(lambda: sys.stderr.write(' '.join(sys.modules)));"
        "from fota_operator.cli.main import main; main()"
    )
    command = [sys.executable, "-c", source, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


def completed(line: str) -> "subprocess.CompletedProcess[str]":
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    return fota_process(_FOTA_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("fota exp", ["explain"]),
        ("fota release ", ["create", "patch", "verify", "show"]),
        ("fota watch --t", ["--timeout"]),
        ("fota nonsense", []),
    ],
)
def test_a_shell_completes_commands_and_options(line: str, offered: list[str]) -> None:
    assert completed(line).stdout.split() == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_asks_the_command_for_completions(shell: str) -> None:
    shown = fota_process("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert (shown.returncode, f"_FOTA_COMPLETE=complete_{shell}" in shown.stdout) == (0, True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_takes_the_script() -> None:
    script = fota_process("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    told = subprocess.run(["bash", "-c", script + "\ncomplete -p fota"], capture_output=True, text=True)
    assert (told.returncode, "_fota_completion fota" in told.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["watch", "--help"]], ids=" ".join)
def test_help_imports_nothing_slow(arguments: list[str]) -> None:
    done = fota_process(*arguments)
    imported = {name.split(".")[0] for name in done.stderr.split()}
    assert (done.returncode, imported & SLOW) == (0, set())


def test_what_makes_a_former_module_is_not_imported_before_one_is() -> None:
    assert "importlib.abc" not in fota_process("--help").stderr.split()


def test_completion_imports_nothing_slow() -> None:
    imported = {name.split(".")[0] for name in completed("fota exp").stderr.split()}
    assert imported & (SLOW - {"rich"}) == set()


REQUEST = re.compile(r"^fota: iot DescribeJob: HTTP 404, request id [\w-]{8,}$", re.MULTILINE)


@pytest.mark.e2e
def test_verbose_names_each_request_and_its_id(fota: FotaCommand) -> None:
    result = fota("-v", "status", "fota-none")
    assert (len(REQUEST.findall(result.stderr)), result.stdout) == (1, "")


@pytest.mark.e2e
def test_without_verbose_no_request_is_named(fota: FotaCommand) -> None:
    fota("-v", "status", "fota-none")
    assert not REQUEST.search(fota("status", "fota-none").stderr)
    assert (LOGGER.handlers, LOGGER.level) == ([], logging.NOTSET)


@pytest.mark.e2e
def test_verbose_tells_nothing_of_what_was_asked(fota: FotaCommand) -> None:
    result = fota("-v", "status", "fota-none")
    named = [line for line in result.stderr.splitlines() if REQUEST.fullmatch(line)]
    assert [line for line in named if "fota-none" in line or "Authorization" in line] == []
