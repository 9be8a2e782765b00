"""The operator's library knows no option of its command, and its rooms import in one direction."""

import ast
import re
from pathlib import Path

import pytest

from fota_operator.cli.wording import OPTIONS

OPERATOR = Path(__file__).parents[2] / "src" / "fota_operator"
OPTION = re.compile(r"--[a-z]")
OTHER_PROGRAM = re.compile(r"`(aws|fota-boot|pip) [^`]*`")
"""What another program is called with."""
SPEAK_TO_PIP = {"lock", "pip_process", "requirement_files", "wheels"}
"""The modules that know pip's options: they write them, or find them in files of requirements."""
NO_FIELDS = {"fota", "handle_fota_jobs", "percent", "test", "update"}
"""What stands between backticks and is no field of a function: a field of a plan, a function of a device."""


def library() -> "list[Path]":
    return [
        path for path in sorted(OPERATOR.rglob("*.py")) if path.relative_to(OPERATOR).parts[0] not in ("cli", "demo")
    ]


def speaks_to_pip(path: Path) -> bool:
    return path.parent.name == "images" and path.stem in SPEAK_TO_PIP


def option_lines(text: str) -> "list[str]":
    return [line for line in OTHER_PROGRAM.sub("", text).splitlines() if OPTION.search(line)]


@pytest.mark.parametrize(
    "path",
    [path for path in library() if not speaks_to_pip(path)],
    ids=lambda path: str(path.relative_to(OPERATOR)),
)
def test_the_library_names_no_option_of_the_command(path: Path) -> None:
    assert option_lines(path.read_text(encoding="utf-8")) == []


def test_an_option_in_a_text_would_be_seen() -> None:
    assert option_lines('raise BadInput("name one with --keyring")') == ['raise BadInput("name one with --keyring")']
    assert option_lines('"put there with `fota-boot --home DIR`"') == []


def test_each_option_that_the_command_shows_is_one_that_a_command_has() -> None:
    declared = "".join(path.read_text(encoding="utf-8") for path in sorted((OPERATOR / "cli").glob("*.py")))
    for field, option in OPTIONS.items():
        parameter = option.removeprefix("--").replace("-", "_")
        assert f'"{option}"' in declared.replace(f'"{field}": "{option}"', "") or f"{parameter}:" in declared, option


def test_each_field_that_the_library_names_has_an_option() -> None:
    named = {field for path in library() for text in texts(path) for field in re.findall(r"`([a-z_]+)`", text)}
    assert named - NO_FIELDS <= set(OPTIONS)


def texts(path: Path) -> "list[str]":
    """Every text of a module but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [node.value for node in constants if isinstance(node.value, str)]
