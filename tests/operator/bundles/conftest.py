"""What the tests of bundles arrange with: a program, wheels, and a pip that knows of nothing else."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fota_operator.images.bundle import BundlePlan, build_bundle
from fota_operator.images.image import Image
from fota_operator.images.wheels import Dependencies
from tests.labs.wheel_lab import PLAIN_PIP, own_library

TARGET = "cp311-manylinux_2_31_aarch64"


@pytest.fixture(autouse=True)
def _plain_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PLAIN_PIP.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """The folder of wheels, with one of this library in it."""
    own_library(tmp_path / "wheels")
    return tmp_path / "wheels"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "pump.bundle"


@pytest.fixture
def build(program: Path, wheels: Path, out: Path, tmp_path: Path) -> Callable[..., Image]:
    """Build a bundle of the program and these requirements; this library is one of them."""

    def built(
        *requirements: str,
        target: str | None = TARGET,
        lock: Path | None = None,
        entry: str = "__main__",
        find_links: Sequence[Path] = (wheels,),
        allow: Sequence[str] = (),
        to: Path = out,
    ) -> Image:
        asked = tmp_path / "requirements.txt"
        asked.write_text("\n".join(("aws-iot-fota", *requirements)))
        dependencies = Dependencies((asked,), tuple(find_links), lock)
        return build_bundle(program, "1.2.3", to, BundlePlan(target, entry, dependencies), allow=allow)

    return built
