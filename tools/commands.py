"""The reference of the commands as Markdown: the `--help` of each, at a fixed width."""

import os
import subprocess
import sys
from collections.abc import Iterator

from typer.main import get_command
from typer.testing import CliRunner

from fota_operator.cli.app import app

_FIXED = {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"}


def commands_reference() -> str:
    """`fota` with every subcommand, then `fota-boot`."""
    sections = [_section(path, _fota_help(path)) for path in command_paths()]
    return "\n".join((*sections, _section(("fota-boot",), _fota_boot_help())))


def command_paths() -> Iterator[tuple[str, ...]]:
    """The words of every command: ("fota",), ("fota", "start"), ("fota", "things"), ("fota", "things", "add"), …"""
    yield ("fota",)
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]  # an app is a group
        yield ("fota", name)
        yield from (("fota", name, below) for below in getattr(command, "commands", {}))


def _fota_help(path: tuple[str, ...]) -> str:
    result = CliRunner(env=_FIXED).invoke(app, [*path[1:], "--help"], prog_name="fota")
    if result.exit_code:
        raise RuntimeError(f"{' '.join(path)} --help: exit status {result.exit_code}")
    return str(result.output)


def _fota_boot_help() -> str:
    command = [sys.executable, "-m", "fota.supervisor", "--help"]
    return subprocess.run(command, env={**os.environ, **_FIXED}, check=True, capture_output=True, text=True).stdout  # noqa: S603


def _section(path: tuple[str, ...], text: str) -> str:
    lines = (line.rstrip() for line in text.strip().splitlines())
    return f"## {' '.join(path)}\n\n```text\n" + "\n".join(lines) + "\n```\n"
