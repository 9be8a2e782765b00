"""The help of the command and of its groups, at the width of a common terminal."""

from collections.abc import Iterator

import pytest
from typer.main import get_command

from fota_operator.cli.app import SECTIONS, app
from tests.labs.fota_command import FotaCommand, commands_of


def every_command(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of each command and group, the whole command first."""
    yield path
    for name, one in commands_of(command).items():
        yield from every_command(one, (*path, name))


EVERY = list(every_command(get_command(app)))


def shown(path: tuple[str, ...]) -> str:
    return FotaCommand({"COLUMNS": "80"})(*path, "--help").stdout


def test_the_commands_and_groups_are_found() -> None:
    assert {(), ("watch",), ("rollout",), ("rollout", "plan"), ("release", "patch")} <= set(EVERY)


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_no_line_of_a_help_is_too_wide_and_nothing_is_cut(path: tuple[str, ...]) -> None:
    lines = shown(path).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line.endswith("...") and not line.startswith("Usage: ")] == []


@pytest.mark.parametrize("path", [path for path in EVERY if any(one[:-1] == path for one in EVERY if one)])
def test_the_help_of_a_group_has_the_whole_summary_of_each_command(path: tuple[str, ...]) -> None:
    told = "".join(shown(path).split())
    below = {one[-1]: shown(one) for one in EVERY if one and one[:-1] == path}
    for name, text in below.items():
        summary = " ".join(text.split("\n\n")[1].split()).partition(". ")[0].removesuffix(".")
        assert "".join(f"{name}{summary}.".split()) in told


def test_every_command_is_in_one_section_of_the_help() -> None:
    named = [name for _, names in SECTIONS for name in names]
    assert sorted(named) == sorted(path[0] for path in EVERY if len(path) == 1)
    headings = [line for line in shown(()).splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Options:", *(f"{heading}:" for heading, _ in SECTIONS)]
