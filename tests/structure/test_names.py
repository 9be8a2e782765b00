"""Names across the packages: each class has one, and what is private to a package stays there."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PACKAGES = ("aws.iot", "fota", "fota_boot", "fota_operator", "fota_testing")
HALF = re.compile(r"_(c|micro)python$")


def modules() -> "Iterator[tuple[str, ast.Module]]":
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def package_of(module: str) -> str:
    return next((one for one in PACKAGES if module == one or module.startswith(one + ".")), "")


def classes_by_name() -> "dict[str, set[str]]":
    found: dict[str, set[str]] = defaultdict(set)
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                # The two halves of one module are one place.
                found[node.name].add(HALF.sub("", module))
    return found


def imported(tree: ast.Module) -> "Iterator[str]":
    """Every module and every name that is imported, by its whole path."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def private_part(path: str) -> str:
    """The path up to its first private part; empty if it has none."""
    parts = path.split(".")
    private = [number for number, part in enumerate(parts) if part.startswith("_") and not part.startswith("__")]
    return ".".join(parts[: private[0] + 1]) if private else ""


def private_imports(module: str, tree: ast.Module) -> "set[tuple[str, str]]":
    found = {private_part(path) for path in imported(tree)} - {""}
    return {(module, path) for path in found if package_of(path) not in ("", package_of(module))}


def test_no_class_has_the_name_of_another() -> None:
    twice = {name for name, places in classes_by_name().items() if len(places) > 1}
    assert twice == set()


def test_no_package_imports_what_is_private_to_another() -> None:
    found = {one for module, tree in modules() for one in private_imports(module, tree)}
    assert found == set()


@pytest.mark.parametrize(
    ("source", "private"),
    [
        ("import fota._storage_cpython", {"fota._storage_cpython"}),
        ("from fota import _storage_cpython", {"fota._storage_cpython"}),
        ("from fota.trust import keyring, _signature_cpython", {"fota.trust._signature_cpython"}),
        ("from fota.log import _line", {"fota.log._line"}),
        (
            "def late():\n    from aws.iot.mqtt._client_cpython import PahoConnection",
            {"aws.iot.mqtt._client_cpython"},
        ),
        ("from fota_operator.files import _sync_folder", set()),
        ("from fota.log import without_query", set()),
        ("import _thread", set()),
        ("from __future__ import annotations", set()),
    ],
)
def test_a_private_import_is_seen_however_it_is_written(source: str, private: "set[str]") -> None:
    assert {path for _, path in private_imports("fota_operator.things", ast.parse(source))} == private
