"""Every package of the wheel tells type checkers that its annotations are meant for them: PEP 561."""

import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]


def importable(folder: Path) -> Path:
    """The package itself: `aws` is a namespace, which others share."""
    return folder if (folder / "__init__.py").exists() else next(folder.glob("*/__init__.py")).parent


@pytest.mark.parametrize("package", WHEEL["packages"])
def test_each_package_of_the_wheel_has_a_py_typed(package: str) -> None:
    assert (importable(ROOT / package) / "py.typed").exists()


def test_the_wheel_holds_every_package() -> None:
    found = sorted(path.name for path in (ROOT / "src").iterdir() if path.is_dir() and any(path.rglob("*.py")))
    assert sorted(Path(package).name for package in WHEEL["packages"]) == found
