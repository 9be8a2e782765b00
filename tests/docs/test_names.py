"""Every dotted name of our packages that a page names can be imported, and every file of the repository is there."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.labs.docs_pages import ROOT, pages

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_DOTTED = re.compile(r"(?<![\w./-])(?:fota|fota_boot|fota_operator|fota_testing|aws\.iot)(?:\.[A-Za-z_]\w*)+")
_FILE = re.compile(r"(?<![\w./-])((?:src|tests|tools|sweeps|bench|examples|docs)/[\w./-]+\.\w+)")


def dotted_names(text: str) -> Iterator[str]:
    """The names in code; a file name such as `pump.fota` is none."""
    for code in _CODE.findall(text):
        yield from _DOTTED.findall(code)


def files(text: str) -> Iterator[str]:
    for code in _CODE.findall(text):
        yield from _FILE.findall(code)


def is_there(name: str) -> bool:
    """Whether the longest beginning of the name that is a module has the rest of it."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part):
                return is_for_the_type_checker(found, part)
            found = getattr(found, part)
        return True
    return False


def is_for_the_type_checker(module: object, name: str) -> bool:
    """Whether a class is in the source alone: a contract of the device packages is not made when they run."""
    contract = rf"\n    class {name}\((\w+, )?Protocol\):"
    return isinstance(module, ModuleType) and re.search(contract, inspect.getsource(module)) is not None


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_name_of_a_page_is_there(page: Path) -> None:
    text = page.read_text()
    assert [name for name in dotted_names(text) if not is_there(name)] == []
    assert [name for name in files(text) if not (ROOT / name).exists()] == []


def test_a_name_that_is_gone_is_found() -> None:
    assert not is_there("fota.gone")
    assert not is_there("fota.trial.gone")
    assert not is_there("fota.slots.Gone")
    assert is_there("fota.trial.VERDICTS")
    assert is_there("fota.slots.Slots")
    assert list(dotted_names("`fota.trial.VERDICTS` fota.trial `a.fota.b` ```\nimport aws.iot.jobs\n```")) == [
        "fota.trial.VERDICTS",
        "aws.iot.jobs",
    ]
    assert list(files("`src/fota/gone.py` and `x/src/y.py`")) == ["src/fota/gone.py"]
