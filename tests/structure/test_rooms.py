"""No import leads back to where it began, not even a late one or one for types."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
FILES = sorted(SOURCE.rglob("*.py"))


def module_of(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules():
    """The syntax tree of each module, by its name."""
    return {module_of(path): ast.parse(path.read_text()) for path in FILES}


def imported(name, tree, modules):
    """The modules that `name` imports anywhere: at its top, within a function, or for types alone."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            members = {f"{node.module}.{one.name}" for one in node.names}
            inner = members & set(modules)
            found |= inner
            if inner != members:
                found.add(node.module)
    return (found & set(modules)) - {name}


def circles(modules):
    """Each group of modules of which every one leads to every other one."""
    arrows = {name: imported(name, tree, modules) for name, tree in modules.items()}
    reached = {}
    for start, first in arrows.items():
        seen, waiting = set(), list(first)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += arrows[name]
        reached[start] = seen
    return sorted({tuple(sorted(b for b in reached[a] if a in reached[b])) for a in reached if a in reached[a]})


def test_no_import_leads_back_to_where_it_began():
    assert circles(modules()) == []


@pytest.mark.parametrize(
    "back",
    ["import one", "def late():\n    from one import x", "if TYPE_CHECKING:\n    from one import X"],
    ids=["at the top", "late", "for types"],
)
def test_a_circle_is_found_however_it_is_hidden(back):
    modules = {"one": "from two import y", "two": back, "three": "import one"}
    assert circles({name: ast.parse(text) for name, text in modules.items()}) == [("one", "two")]
