"""The closed lists are closed: events, reasons, the drawn trees; and no file has grown past what one can read."""

import ast
import functools
import re
from pathlib import Path

import pytest

from aws.iot import errors as iot_errors
from fota import errors
from fota.events import EVENTS
from fota.trust import errors as trust_errors

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
FILES = sorted(SOURCE.glob("**/*.py"))
EVERYWHERE = sorted(
    path for folder in ("src", "tests", "sweeps", "tools", "bench", "peers") for path in (ROOT / folder).rglob("*.py")
)
MAX_LINES = 300


@functools.cache
def logged():
    """Every event that the source logs, with the places; None for one that is not written out."""
    found: dict[str | None, list[str]] = {}
    for path in FILES:
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "log":
                for event in written_out(node.args[0], tree) or [None]:
                    found.setdefault(event, []).append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    return found


def written_out(expression, tree):
    """The events that an expression can be: one, one of two, or what a name in the same file was given."""
    if isinstance(expression, ast.IfExp):
        return written_out(expression.body, tree) + written_out(expression.orelse, tree)
    if isinstance(expression, ast.Name):
        given = [value_given_to(expression.id, node) for node in ast.walk(tree)]
        return [event for value in given if value for event in written_out(value, tree)]
    return [expression.value] if isinstance(expression, ast.Constant) else []


def value_given_to(name, node):
    """What a statement assigns to a name; None if it does nothing like that."""
    return node.value if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name else None


def test_every_event_that_is_logged_is_in_the_list():
    assert {event: places for event, places in logged().items() if event not in EVENTS} == {}


def test_every_event_in_the_list_is_logged():
    assert [event for event in EVENTS if event not in logged()] == []


def test_no_event_is_listed_twice():
    assert len(set(EVENTS)) == len(EVENTS)


@functools.cache
def said_by_device_tests():
    """All that the tests of the device say, as one text."""
    return "".join(
        path.read_text()
        for part in ("device", "boot", "iot", "trust")
        for path in (ROOT / "tests" / part).glob("test_*.py")
    )


def below(kind):
    """All classes of a branch, its root left out."""
    for child in kind.__subclasses__():
        if child.__module__ in (errors.__name__, trust_errors.__name__, iot_errors.__name__):
            yield child
            yield from below(child)


def drawn(module):
    """The tree in a module's docstring: each name with its depth and the word beside it, if there is one."""
    rows = []
    for line in module.__doc__.splitlines():
        match = re.match(r"^([│├└─ ]*)([A-Z][A-Za-z]+)(?:\s+\"([a-z-]+)\")?(?:\s{2,}.*)?$", line)
        if match and (match[1] or match[2] in {"FotaError", "NotTrusted"}):
            rows.append((match[2], len(match[1]) // 4, match[3]))
    return rows


def real(root, kinds):
    """The same rows, from the classes."""
    rows = [(root.__name__, 0)]
    for child in root.__subclasses__():
        if child.__module__ in kinds:
            rows += [(name, depth + 1) for name, depth in real(child, kinds)]
    return rows


@pytest.mark.parametrize(
    ("module", "root"),
    [(errors, errors.FotaError), (iot_errors, errors.FotaError), (trust_errors, trust_errors.NotTrusted)],
    ids=lambda one: one.__name__,
)
def test_the_drawn_tree_is_the_tree(module, root):
    assert sorted(row[:2] for row in drawn(module)) == sorted(real(root, {module.__name__}))


def test_the_drawn_words_are_the_reasons():
    words = {name: word for name, _, word in [*drawn(errors), *drawn(trust_errors)] if word}
    leaves = [kind for branch in (errors.Refused, errors.Failed) for kind in below(branch) if kind.__name__ in words]
    assert words == {kind.__name__: kind.reason for kind in leaves}


def test_no_two_reasons_are_the_same():
    reasons = [kind.reason for branch in (errors.Refused, errors.Failed) for kind in [branch, *below(branch)]]
    assert len(set(reasons)) == len(reasons)


def test_every_leaf_has_a_reason_of_its_own():
    inherited = [
        kind.__name__
        for branch in (errors.Refused, errors.Failed)
        for kind in below(branch)
        if "reason" not in vars(kind)
    ]
    assert inherited == []


@pytest.mark.parametrize(
    "kind",
    [k for branch in (errors.Refused, errors.Failed) for k in below(branch) if not k.__subclasses__()],
    ids=lambda k: k.__name__,
)
def test_a_reason_is_documented_and_reachable_by_a_test(kind):
    assert f"\n| `{kind.reason}` |" in (ROOT / "docs" / "reference" / "reasons.md").read_text()
    assert kind.__name__ in said_by_device_tests() or f'"{kind.reason}"' in said_by_device_tests()


def test_every_error_says_what_it_means():
    assert [kind.__name__ for kind in below(errors.FotaError) if not (kind.__doc__ or "").strip()] == []


def test_a_file_opens_with_what_it_is_for():
    silent = [path.relative_to(SOURCE) for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_a_file_ends_before_it_is_too_long():
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in EVERYWHERE}
    assert {path: length for path, length in lines.items() if length > MAX_LINES} == {}


def test_device_packages_never_print():
    printing = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in FILES
        if path.relative_to(SOURCE).parts[0] in ("fota", "aws") and path.name != "supervisor.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert printing == []
