"""Each check is taken away by hand, one at a time: then a vector gets another verdict, or a life goes wrong.

A check that can be left out and nobody notices is a check that nothing tests. The list is in `mutants`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import vector_parts as parts

from security import mutants
from security.bench import VECTORS, Bench, of_vector
from security.mutation import mutate

ONE_BY_ONE = [
    (folder, target, old, new)
    for folder, targets in mutants.VECTORS.items()
    for target, pieces in targets.items()
    for old, new in pieces
]


def verdict(vector: dict[str, Any]) -> str:
    """What the device makes of a vector, in one word: the reason of a refusal, else the status."""
    bench = of_vector(vector["device"])
    try:
        bench.publish_vector(vector["document"], image=str(vector.get("image", "")))
        bench.wake()
        bench.wake()
    except Exception as error:
        # A mutant may stumble over what the check would have kept away.
        return type(error).__name__
    if bench.status() == "REJECTED":
        return bench.reason()
    return "accepted" if bench.status() == "SUCCEEDED" else bench.status()


def first_of_another_verdict(folder: str) -> str:
    """The first vector in a folder that gets another verdict than the folder says; "" if there is none."""
    for path in sorted((VECTORS / folder).glob("*.json")):
        vector = json.loads(path.read_text(encoding="utf-8"))
        if vector["device"]["now_s"] is not None and verdict(vector) != path.parent.name:
            return path.stem
    return ""


def goes_wrong(life: Callable[..., None], folder: Path) -> bool:
    """Whether a test of a life fails, once for each value of its parameters."""
    wanted = inspect.signature(life).parameters
    given: dict[str, Any] = {"bench": Bench(parts.keyring()), "tmp_path": folder, "copy": 1}
    try:
        life(**{name: given[name] for name in wanted})
    except (Exception, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize(("folder", "target", "old", "new"), ONE_BY_ONE)
def test_without_this_check_a_vector_gets_another_verdict(
    folder: str, target: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch, target, old, new)
    assert first_of_another_verdict(folder) != ""


@pytest.mark.parametrize("folder", mutants.VECTORS)
def test_with_every_check_no_vector_gets_another_verdict(folder: str) -> None:
    assert first_of_another_verdict(folder) == ""


@pytest.mark.parametrize(("target", "old", "new", "life"), mutants.LIVES)
def test_without_this_check_a_life_goes_wrong(
    target: str, old: str, new: str, life: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mutate(monkeypatch, target, old, new)
    assert goes_wrong(life, tmp_path)


@pytest.mark.parametrize("life", dict.fromkeys(life for *_, life in mutants.LIVES), ids=lambda life: life.__name__)
def test_with_every_check_no_life_goes_wrong(life: Callable[..., None], tmp_path: Path) -> None:
    assert not goes_wrong(life, tmp_path)
