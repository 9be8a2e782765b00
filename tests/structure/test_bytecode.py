"""What is left out of the device library before it is compiled, and what is not."""

import ast
from pathlib import Path

import pytest

from aws.iot.mqtt import rules
from fota_operator.board.byte_code import device_bytecode, lean
from fota_operator.board.modules import SOURCE, modules_of

_CHECKED = """TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
"""

_HALVES = """if TYPE_CHECKING or INTERPRETER == "cpython":
    from the_other import f
else:
    from ours import f
"""


def meaning(source: str) -> dict[str, object]:
    """The globals of a module, run as MicroPython runs it."""
    found: dict[str, object] = {"const": lambda value: value, "INTERPRETER": "micropython"}
    exec(lean(source.encode()), found)
    return found


@pytest.mark.parametrize("source", [_CHECKED, _HALVES])
def test_every_line_stays_where_it_was(source):
    before, after = source.splitlines(), lean(source.encode()).decode().splitlines()
    assert [line.split()[:2] for line in before[2:]] == [line.split()[:2] for line in after[2:]]


def test_a_list_of_what_a_module_exports_leaves_its_lines_empty():
    assert lean(b'__all__ = (\n    "a",\n    "b",\n)\na = 1\n') == b"pass\n\n\n\na = 1\n"


def test_what_the_type_checker_alone_reads_is_not_compiled():
    assert b"Protocol" in device_bytecode(Path("a.py"), _CHECKED.replace("if TYPE_CHECKING", "if sys").encode())
    assert b"Protocol" not in device_bytecode(Path("a.py"), _CHECKED.encode())


def test_of_two_halves_that_of_micropython_is_compiled():
    made = device_bytecode(Path("a.py"), _HALVES.encode())
    assert (b"ours" in made, b"the_other" in made) == (True, False)


@pytest.mark.parametrize("value", ["17", "-1", "1 << 20", "0x10", '"<I"', 'b"SEAL"', "131_072 + 512"])
def test_the_value_of_a_private_constant_stands_where_it_is_used(value):
    source = f"_LIMIT = {value}\ndef limit():\n    return _LIMIT\n"
    assert b"_LIMIT" not in device_bytecode(Path("a.py"), source.encode())
    assert meaning(source)["limit"]() == eval(value)  # type: ignore[operator]


@pytest.mark.parametrize("line", ["LIMIT = 17", "_limit = 17", "_LIMIT = f()", "_LIMIT = (1, 2)", "_LIMIT = 1.5"])
def test_other_names_stay(line):
    assert line.split()[0].encode() in device_bytecode(Path("a.py"), (line + "\n").encode())


def test_a_class_of_a_name_and_constants_is_made_by_a_call():
    first = 'class A(ValueError):\n    """Its text."""\n\n    reason = "a"\n    """Told."""\n\n\n'
    source = first + 'class B(A):\n    """As A."""\n'
    assert lean(source.encode()).decode().splitlines()[::7] == [
        "A = type('A', (ValueError,), {'reason': 'a'})",
        "B = type('B', (A,), {})",
    ]
    made = meaning(source)
    assert issubclass(made["B"], ValueError)  # type: ignore[arg-type]
    assert (made["B"].__name__, made["B"].reason) == ("B", "a")  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", ["def f(self): pass", "a = f()", "a: int"])
def test_other_classes_stay(line):
    source = f"class A(B):\n    {line}\n"
    assert lean(source.encode()).decode() == source


def test_a_traceback_names_the_module():
    assert b"fota.slots\0" in device_bytecode(Path("fota/slots/__init__.py"), b"")


def test_a_rule_of_a_connection_stands_where_it_is_used_and_its_module_is_empty():
    source = b'from aws.iot.mqtt import rules\ndef told():\n    return rules.STABLE_MS, f"{rules.STABLE_MS} ms"\n'
    found: dict[str, object] = {}
    exec(lean(source), found)
    assert found["told"]() == (rules.STABLE_MS, f"{rules.STABLE_MS} ms")  # type: ignore[operator]
    assert "rules" not in found
    path = Path("aws/iot/mqtt/rules.py")
    assert len(device_bytecode(path, (SOURCE / path).read_bytes())) < 60


def test_a_rule_that_is_not_there_is_not_compiled():
    with pytest.raises(KeyError, match="NO_SUCH_RULE"):
        lean(b"from aws.iot.mqtt import rules\nprint(rules.NO_SUCH_RULE)\n")


def test_a_constant_that_only_its_own_module_reads_is_treated_as_a_private_one():
    path = Path("aws/iot/firmware_job.py")
    made = device_bytecode(path, (SOURCE / path).read_bytes())
    assert b"MAX_TAKEN_UP" not in made


def test_a_constant_that_another_module_reads_stays():
    path = Path("fota/record.py")
    made = device_bytecode(path, (SOURCE / path).read_bytes())
    assert b"MAX_SLOTS" in made


_PRIVATE = "def _told():\n    return 1\ndef ask():\n    return _told()\n"


def test_a_private_function_has_its_name_only_for_tracebacks():
    made = [device_bytecode(Path("a.py"), _PRIVATE.encode(), keeps_lines=keeps) for keeps in (False, True)]
    assert [b"_told" in one for one in made] == [False, True]


@pytest.mark.parametrize("use", ["thing._told", "ask(_told=1)", "class A:\n    def _told(self): ..."])
def test_a_private_name_that_is_an_attribute_too_stays(use):
    made = device_bytecode(Path("a.py"), (_PRIVATE + use + "\n").encode())
    assert b"_told" in made


def used_too_early(tree: ast.Module) -> "list[str]":
    """The names of constants that are used in a line above their own: byte code does not know them there."""
    made = {
        target.id: statement.lineno
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    used = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return [node.id for node in used if node.lineno < made.get(node.id, 0)]


def test_a_constant_that_is_used_too_early_is_found() -> None:
    assert used_too_early(ast.parse("def f():\n    return _A\n\n_A = 1\n")) == ["_A"]
    assert used_too_early(ast.parse("_A = 1\ndef f():\n    return _A\n")) == []


@pytest.mark.parametrize("path", modules_of("unix"), ids=str)
def test_no_constant_of_a_board_is_used_too_early(path: Path) -> None:
    assert used_too_early(ast.parse((SOURCE / path).read_text())) == []
