"""Commands that pages show exist, with the options that they are shown with."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from fota_boot import options
from fota_operator.cli.app import app
from tests.labs.docs_pages import ROOT, blocks, pages, read, section
from tests.labs.fota_command import commands_of, parse_fota

OPTION = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")


def shown_commands(page: Path) -> Iterator[str]:
    """Every line of a page's shell blocks that calls one of our commands, continued lines joined."""
    for block in blocks(page.read_text()):
        if block.language == "sh":
            for line in block.content.replace("\\\n", " ").splitlines():
                found = re.search(r"(?:^|\$\(|/bin/| )((?:fota|fota-boot|make) [^)|>&]*)", line)
                if found and not line.startswith("sudo python3"):
                    yield found.group(1).strip()


EVERY = sorted({command for page in pages() for command in shown_commands(page)})


def parse(command: str) -> None:
    """Raises, or exits, unless the command could be typed like this."""
    name, *words = shlex.split(command.replace('"$job"', "JOB"))
    if name == "make":
        targets = re.findall(r"^([a-z0-9-]+):", read("Makefile"), re.MULTILINE)
        variables = re.findall(r"\$\(([A-Z]+)\)", read("Makefile"))
        assert {word for word in words if "=" not in word} <= set(targets)
        assert {word.partition("=")[0] for word in words if "=" in word} <= set(variables)
    elif name == "fota-boot":
        options.make_parser().parse_args(words)
    else:
        parse_fota(words)


@pytest.mark.parametrize("command", EVERY)
def test_a_command_that_a_page_shows_can_be_typed_like_that(command: str) -> None:
    parse(command)


def test_commands_were_found_in_the_pages() -> None:
    first = {" ".join(command.split()[:2]) for command in EVERY}
    assert {"make demo", "make test", "fota start", "fota watch", "fota local", "fota-boot --home"} <= first


@pytest.mark.parametrize("wrong", ["make everything", "fota begin", "fota start --no-such a b c d", "fota-boot"])
def test_a_command_that_does_not_exist_is_found(wrong: str) -> None:
    with pytest.raises(BaseException):  # noqa: B017, PT011 - typer, argparse and assert each raise their own
        parse(wrong)


def paths_of_commands() -> Iterator[tuple[str, ...]]:
    """The words of every command, groups left out."""
    for name, command in commands_of(get_command(app)).items():
        below: list[tuple[str, ...]] = [(name, each) for each in commands_of(command)]
        yield from below or [(name,)]


@pytest.mark.parametrize("path", list(paths_of_commands()), ids=" ".join)
def test_the_reference_has_the_options_of_the_command_s_own_help(path: tuple[str, ...]) -> None:
    text = section(read("docs/reference/commands.md"), f"## fota {' '.join(path)}")
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    in_reference = {
        option for line in text.splitlines() if line.startswith("| `-") for option in OPTION.findall(line)
    }
    in_help = {
        option for line in shown.splitlines() if line.lstrip("│ ").startswith("-") for option in OPTION.findall(line)
    }
    assert in_help - {"--help"} == in_reference


def test_every_make_target_is_in_contributing_and_no_other_is() -> None:
    targets = re.findall(r"^([a-z0-9-]+):.*## ", read("Makefile"), re.MULTILINE)
    named = re.findall(r"^\| `make ([a-z0-9-]+)`", read("CONTRIBUTING.md"), re.MULTILINE)
    assert sorted(named) == sorted(set(targets) - {"help"})


def test_the_pages_name_the_python_that_the_package_requires() -> None:
    assert 'requires-python = ">=3.10"' in read("pyproject.toml")
    assert "Python 3.10 or later" in read("README.md")


def test_every_dependency_that_the_readme_promises_is_the_base_install() -> None:
    line = next(line for line in read("pyproject.toml").splitlines() if line.startswith("dependencies"))
    assert re.findall(r'"([a-z0-9-]+)', line) == ["paho-mqtt", "urllib3", "cryptography", "packaging"]
    assert sys.modules
    assert (ROOT / "LICENSE").read_text().strip().startswith("Apache License")
